"""LSST: the rule of ALeRCE's stamp classifier for known objects of the solar system."""

from __future__ import annotations

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.base import Decision
from stampapp.classifiers.survey_rules import SurveyRules

CLASSES = ("AGN", "SN", "VS", "asteroid", "bogus")
_ASTEROID = "asteroid"


def decide(alert: Alert) -> Decision | None:
    """Decide that an alert of a known object of the solar system is an asteroid."""
    known = alert.extra_fields.get("ssObjectId")
    if not known:
        return None
    return Decision(class_name=_ASTEROID, rule=f"a known solar-system object (ssObjectId {known})")


PLUGIN = SurveyRules(
    survey=Survey.LSST,
    classes=CLASSES,
    model_sources="train one with `python -m stampapp.training`",
    decide=decide,
)

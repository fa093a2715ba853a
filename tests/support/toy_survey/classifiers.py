"""Rules of two classes: a perfectly round source is a coin, and bright dust is ruled out."""

from __future__ import annotations

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.base import Decision
from stampapp.classifiers.survey_rules import SurveyRules


def decide(alert: Alert) -> Decision | None:
    """Return the class coin for a perfectly round source."""
    if alert.extra_fields["roundness"] == 1.0:
        return Decision(class_name="Coin", rule="perfectly round")
    return None


def veto(alert: Alert, class_name: str) -> str | None:
    """Rule out bright dust."""
    return "too bright" if alert.mag < 1.0 else None


PLUGIN = SurveyRules(
    survey=Survey("TOY"),
    classes=("Coin", "Dust"),
    model_sources="write one into {folder}",
    decide=decide,
    veto=veto,
)

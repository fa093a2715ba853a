"""What Rubin says of an LSST alert: a known solar-system object, a dipole, or reliable."""

from __future__ import annotations

from stampapp.alerts.alert import Alert
from stampapp.classifiers.lsst import CLASSES
from stampapp.training.evaluation.survey_opinion import Opinion, SurveyOpinions

_RELIABLE = 0.9
_BOGUS = "bogus"


def opinion(alert: Alert) -> Opinion | None:
    """Return what the fields of an alert say, None if they leave its class open."""
    fields = alert.extra_fields
    if fields.get("ssObjectId"):
        return Opinion(text="solar-system object", classes=frozenset({"asteroid"}))
    if fields.get("isDipole") is True:
        return Opinion(text="dipole", classes=frozenset({_BOGUS}))
    reliability = fields.get("reliability")
    if isinstance(reliability, float) and reliability > _RELIABLE:
        text = f"reliability above {_RELIABLE}"
        return Opinion(text=text, classes=frozenset(CLASSES) - {_BOGUS})
    return None


PLUGIN = SurveyOpinions(fields=("band", "snr", "reliability"), opinion=opinion)

"""Two classes; what is perfectly round is a coin, and no dust is bright."""

from __future__ import annotations

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.base import Decision
from stampapp.classifiers.survey_rules import SurveyRules


def decide(alert: Alert) -> Decision | None:
    """Take what is perfectly round for a coin."""
    if alert.extra_fields["roundness"] == 1.0:
        return Decision(class_name="Coin", rule="perfectly round")
    return None


def veto(alert: Alert, class_name: str) -> str | None:
    """Withdraw results of what is too bright."""
    return "too bright" if alert.mag < 1.0 else None


PLUGIN = SurveyRules(
    survey=Survey("TOY"),
    classes=("Coin", "Dust"),
    model_sources="write one into {folder}",
    decide=decide,
    veto=veto,
)

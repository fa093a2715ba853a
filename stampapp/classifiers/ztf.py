"""ZTF: the rules of ALeRCE's stamp classifier (Carrasco-Davis et al. 2021) around its network."""

from __future__ import annotations

import math

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.base import Decision
from stampapp.classifiers.model_folder.description import ModelDescription
from stampapp.classifiers.survey_rules import SurveyRules
from stampapp.errors import ConfigError

CLASSES = ("AGN", "SN", "VS", "asteroid", "bogus")
_ASTEROID, _SUPERNOVA = "asteroid", "SN"
_NO_VALUE = -999.0


def check_description(description: ModelDescription) -> None:
    """Raise ConfigError unless the model has the classes that the rules name."""
    missing = {_ASTEROID, _SUPERNOVA} - set(description.classes)
    if missing:
        raise ConfigError(f"the model knows no {missing}: the ZTF rules need these classes")


def decide(alert: Alert) -> Decision | None:
    """Decide that an alert near a known object of the solar system is an asteroid."""
    distance = _extra(alert, "ssdistnr")
    if distance is None or distance == _NO_VALUE:
        return None
    rule = f"a known solar-system object is near (ssdistnr {distance:g} arcsec)"
    return Decision(class_name=_ASTEROID, rule=rule)


def veto(alert: Alert, class_name: str) -> str | None:
    """Say why a supernova cannot be one: it faded, or it lies on a star."""
    if class_name != _SUPERNOVA:
        return None
    if alert.isdiffpos == -1:
        return "no supernova: the difference is negative (isdiffpos -1)"
    score, distance = _extra(alert, "sgscore1"), _extra(alert, "distpsnr1")
    if score is not None and distance is not None and score > 0.5 and distance < 1.0:
        return (
            f"no supernova: a star is near (sgscore1 {score:.2g}, distpsnr1 {distance:.2g} arcsec)"
        )
    return None


def _extra(alert: Alert, name: str) -> float | None:
    value = alert.extra_fields.get(name)
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    return None


PLUGIN = SurveyRules(
    survey=Survey.ZTF,
    classes=CLASSES,
    model_sources="import one with `faust -A stampapp import-model PATH --into {folder}`",
    check_description=check_description,
    decide=decide,
    veto=veto,
)

"""ZTF: the rules of ALeRCE's stamp classifier (Carrasco-Davis et al. 2021) around its network."""

from __future__ import annotations

import math
from collections.abc import Sequence

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.classifiers import survey_classifier
from stampapp.classifiers.base import PreparedAlert
from stampapp.classifiers.model_folder.description import ModelDescription
from stampapp.classifiers.survey_classifier import InputSpec, NetworkClassifier
from stampapp.errors import BadAlert, ConfigError
from stampapp.results.outcome import Classification

ASTEROID = "asteroid"
SUPERNOVA = "SN"
NO_VALUE = -999.0


def extract_inputs(alert: Alert, spec: InputSpec) -> PreparedAlert:
    """Return what the model sees of an alert, whatever the rules say. Raises BadAlert."""
    return survey_classifier.extract_inputs(alert, spec)


class ZTFClassifier(NetworkClassifier):
    """The Deep-HiTS network with metadata, between the asteroid and the supernova rules."""

    survey = Survey.ZTF

    def check_description(self, description: ModelDescription) -> None:
        missing = {ASTEROID, SUPERNOVA} - set(description.classes)
        if missing:
            raise ConfigError(f"the model knows no {missing}: the ZTF rules need these classes")

    def extract_inputs(self, alert: Alert) -> PreparedAlert:
        rule = solar_system(alert)
        return (
            PreparedAlert(alert=alert, rule=rule)
            if rule
            else extract_inputs(alert, self.description)
        )

    def classify(self, alerts: Sequence[PreparedAlert]) -> list[Classification | BadAlert]:
        results = iter(super().classify([one for one in alerts if not one.rule]))
        return [
            self._asteroid(one.alert, one.rule) if one.rule else next(results) for one in alerts
        ]

    def veto(self, alert: Alert, class_name: str) -> str | None:
        return veto(alert, class_name)

    def _asteroid(self, alert: Alert, rule: str) -> Classification:
        certain = {name: float(name == ASTEROID) for name in self.classes}
        return self.classification(alert, certain, ASTEROID, rule)


def solar_system(alert: Alert) -> str | None:
    """Say why an alert is an asteroid without the network: a known object lies near it."""
    distance = _extra(alert, "ssdistnr")
    if distance is None or distance == NO_VALUE:
        return None
    return f"a known solar-system object is near (ssdistnr {distance:g} arcsec)"


def veto(alert: Alert, class_name: str) -> str | None:
    """Say why a supernova cannot be one: it faded, or it lies on a star."""
    if class_name != SUPERNOVA:
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

"""ZTF: the columns, rules and network of ALeRCE's stamp classifier (Carrasco-Davis et al. 2021)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from stampapp import features, stamps
from stampapp.classifiers.base import Classifier, Examined
from stampapp.classifiers.modelstore import ModelDescription
from stampapp.errors import BadAlert, ConfigError
from stampapp.records import Alert, Classification, Survey

ASTEROID = "asteroid"
SUPERNOVA = "SN"
NO_VALUE = -999.0


class Predictor(Protocol):
    """Anything that turns images (n, side, side, 3) and features (n, f) into (n, classes)."""

    def predict(
        self, images: npt.NDArray[np.float32], features: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]: ...

    def warm_up(self) -> None: ...


class ZTFClassifier(Classifier):
    """The Deep-HiTS network with metadata, between the asteroid and the supernova rules."""

    def __init__(
        self, description: ModelDescription, network: Predictor, *, name: str, version: str
    ) -> None:
        missing = {ASTEROID, SUPERNOVA} - set(description.classes)
        if missing:
            raise ConfigError(f"the model knows no {missing}: the ZTF rules need these classes")
        self.name = name
        self.version = version
        self.classes = description.classes
        self._description = description
        self._required = features.required(description.features)
        self._network = network

    def warm_up(self) -> None:
        self._network.warm_up()

    def examine(self, alert: Alert) -> Examined:
        if alert.survey is not Survey.ZTF:
            raise BadAlert(
                "survey", f"an {alert.survey} alert cannot be judged by the ZTF classifier"
            )
        rule = solar_system(alert)
        if rule:
            return Examined(alert=alert, rule=rule)
        features.check(alert, self._required)
        shape, side = self._description.stamp_shape, self._description.crop
        crops = (
            stamps.crop(stamps.decode(alert.stamps.get(name), shape, name), side)
            for name in self._description.stamps
        )
        return Examined(alert=alert, crops=tuple(crops))

    def judge(self, examined: Sequence[Examined]) -> list[Classification | BadAlert]:
        unknown = [one for one in examined if not one.rule]
        rows = self._predict(unknown) if unknown else []
        results = iter([self._result(x.alert, row) for x, row in zip(unknown, rows, strict=True)])
        return [
            self._asteroid(one.alert, one.rule) if one.rule else next(results) for one in examined
        ]

    def _predict(self, examined: Sequence[Examined]) -> list[list[float]]:
        images = stamps.normalise([one.crops for one in examined])
        matrix = features.matrix([one.alert for one in examined], self._description.features)
        rows: list[list[float]] = self._network.predict(images, matrix).tolist()
        return rows

    def _asteroid(self, alert: Alert, rule: str) -> Classification:
        certain = {name: float(name == ASTEROID) for name in self.classes}
        return self._classification(alert, certain, ASTEROID, rule)

    def _result(self, alert: Alert, row: list[float]) -> Classification | BadAlert:
        if not all(map(math.isfinite, row)):
            return BadAlert("feature-out-of-range", "the network overflows on the features")
        probabilities = dict(zip(self.classes, row, strict=True))
        best = max(probabilities, key=probabilities.__getitem__)
        rule = withdrawal(alert, best)
        return self._classification(alert, probabilities, None if rule else best, rule)

    def _classification(
        self, alert: Alert, probabilities: dict[str, float], best: str | None, rule: str | None
    ) -> Classification:
        return Classification(
            aid=alert.aid,
            oid=alert.oid,
            candid=alert.candid,
            mjd=alert.mjd,
            probabilities=probabilities,
            class_name=best,
            rule=rule,
            classifier_name=self.name,
            classifier_version=self.version,
        )


def solar_system(alert: Alert) -> str | None:
    """Say why an alert is an asteroid without the network: a known object lies near it."""
    distance = _extra(alert, "ssdistnr")
    if distance is None or distance == NO_VALUE:
        return None
    return f"a known solar-system object is near (ssdistnr {distance:g} arcsec)"


def withdrawal(alert: Alert, class_name: str) -> str | None:
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

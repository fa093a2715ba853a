"""What the classifiers of all surveys do alike: look at an alert, ask a network, say the result."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from stampapp.alerts.alert import Alert, Survey
from stampapp.classifiers.base import Classifier, Examined
from stampapp.classifiers.model_folder.description import ModelDescription
from stampapp.errors import BadAlert
from stampapp.features import metadata
from stampapp.features.images import crop, normalise
from stampapp.results.outcome import Classification
from stampapp.stamps import fits_image

Array = npt.NDArray[np.float32]


class Predictor(Protocol):
    """Turns images (n, side, side, channels) and features (n, f) into probabilities (n, c)."""

    def predict(self, images: Array, features: Array) -> Array: ...
    def warm_up(self) -> None: ...


class Demand(Protocol):
    """What a model asks of an alert; a ModelDescription says it in full."""

    @property
    def features(self) -> Sequence[metadata.Feature]: ...
    @property
    def stamps(self) -> Sequence[str]: ...
    @property
    def stamp_shape(self) -> tuple[int, int]: ...
    @property
    def crop(self) -> int: ...


class SurveyClassifier(Classifier):
    """Judges the alerts of one survey, and refuses those of another."""

    survey: Survey

    def examine(self, alert: Alert) -> Examined:
        if alert.survey is not self.survey:
            what = f"an alert of {alert.survey} cannot be judged by the {self.survey} classifier"
            raise BadAlert("survey", what)
        return self.regard(alert)

    @abstractmethod
    def regard(self, alert: Alert) -> Examined:
        """Check and decode an alert of this survey. Raises BadAlert."""

    def withdrawal(self, alert: Alert, class_name: str) -> str | None:  # noqa: ARG002
        """Say why a rule of the survey withdraws a result of this class, if one does."""
        return None

    def result(self, alert: Alert, row: Sequence[float]) -> Classification | BadAlert:
        """Return what these probabilities, in the order of `classes`, say of an alert."""
        if not all(map(math.isfinite, row)):
            return BadAlert("feature-out-of-range", "the model's probabilities are not finite")
        probabilities = dict(zip(self.classes, row, strict=True))
        best = max(probabilities, key=probabilities.__getitem__)
        rule = self.withdrawal(alert, best)
        return self.classification(alert, probabilities, None if rule else best, rule)

    def classification(
        self, alert: Alert, probabilities: Mapping[str, float], best: str | None, rule: str | None
    ) -> Classification:
        """Return the result in the name of this classifier."""
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


class NetworkClassifier(SurveyClassifier):
    """Asks the network of a model folder. Raises ConfigError where it is none for the survey."""

    def __init__(
        self,
        description: ModelDescription,
        network: Predictor,
        *,
        name: str,
        version: str,
        provenance: str,
    ) -> None:
        self.accept(description)
        self.name = name
        self.version = version
        self.provenance = provenance
        self.classes = description.classes
        self.description = description
        self._network = network

    @abstractmethod
    def accept(self, description: ModelDescription) -> None:
        """Raise ConfigError where the survey has not what this model asks for."""

    def warm_up(self) -> None:
        self._network.warm_up()

    def judge(self, examined: Sequence[Examined]) -> list[Classification | BadAlert]:
        rows = self._predict(examined) if examined else []
        return [self.result(one.alert, row) for one, row in zip(examined, rows, strict=True)]

    def _predict(self, examined: Sequence[Examined]) -> list[list[float]]:
        images = normalise([one.crops for one in examined])
        matrix = metadata.matrix([one.alert for one in examined], self.description.features)
        rows: list[list[float]] = self._network.predict(images, matrix).tolist()
        return rows


def look(alert: Alert, demand: Demand) -> Examined:
    """Check the features that a model needs, and decode and crop its stamps. Raises BadAlert."""
    metadata.check(alert, metadata.required(demand.features))
    crops = (
        crop(fits_image.decode(alert.stamps.get(name), demand.stamp_shape, name), demand.crop)
        for name in demand.stamps
    )
    return Examined(alert=alert, crops=tuple(crops))

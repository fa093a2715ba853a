"""What the classifiers of all surveys do alike: look at an alert, ask a network, say the result."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.base import Classifier, PreparedAlert
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


class InputSpec(Protocol):
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

    def prepare_alert(self, alert: Alert) -> PreparedAlert:
        if alert.survey is not self.survey:
            what = f"an alert of {alert.survey} cannot be judged by the {self.survey} classifier"
            raise BadAlert("survey", what)
        return self.extract_inputs(alert)

    @abstractmethod
    def extract_inputs(self, alert: Alert) -> PreparedAlert:
        """Check and decode an alert of this survey. Raises BadAlert."""

    def veto(self, alert: Alert, class_name: str) -> str | None:  # noqa: ARG002
        """Say why a rule of the survey withdraws a result of this class, if one does."""
        return None

    def result(self, alert: Alert, row: Sequence[float]) -> Classification | BadAlert:
        """Return what these probabilities, in the order of `classes`, say of an alert."""
        if not all(map(math.isfinite, row)):
            return BadAlert("feature-out-of-range", "the model's probabilities are not finite")
        probabilities = dict(zip(self.classes, row, strict=True))
        best = max(probabilities, key=probabilities.__getitem__)
        rule = self.veto(alert, best)
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
        self.check_description(description)
        self.name = name
        self.version = version
        self.provenance = provenance
        self.classes = description.classes
        self.description = description
        self._network = network

    @abstractmethod
    def check_description(self, description: ModelDescription) -> None:
        """Raise ConfigError where the survey has not what this model asks for."""

    def warm_up(self) -> None:
        self._network.warm_up()

    def classify(self, alerts: Sequence[PreparedAlert]) -> list[Classification | BadAlert]:
        rows = self._predict(alerts) if alerts else []
        return [self.result(one.alert, row) for one, row in zip(alerts, rows, strict=True)]

    def _predict(self, alerts: Sequence[PreparedAlert]) -> list[list[float]]:
        images = normalise([one.crops for one in alerts])
        matrix = metadata.matrix([one.alert for one in alerts], self.description.features)
        rows: list[list[float]] = self._network.predict(images, matrix).tolist()
        return rows


def extract_inputs(alert: Alert, spec: InputSpec) -> PreparedAlert:
    """Check the features that a model needs, and decode and crop its stamps. Raises BadAlert."""
    metadata.check(alert, metadata.required(spec.features))
    crops = (
        crop(fits_image.decode(alert.stamps.get(name), spec.stamp_shape, name), spec.crop)
        for name in spec.stamps
    )
    return PreparedAlert(alert=alert, crops=tuple(crops))

"""Classify the alerts of a survey: its rules around a network or another predictor."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from stampapp.alerts.alert import Alert
from stampapp.classifiers.base import Classifier, Decision, PreparedAlert
from stampapp.classifiers.model_folder.description import ModelDescription
from stampapp.classifiers.survey_rules import SurveyRules, survey_rules
from stampapp.errors import BadAlert
from stampapp.features import metadata
from stampapp.features.images import normalise_stamps
from stampapp.results.outcome import Classification

Array = npt.NDArray[np.float32]


class Predictor(Protocol):
    """Turns images (n, side, side, channels) and features (n, f) into probabilities (n, c)."""

    def predict(self, images: Array, features: Array) -> Array: ...
    def warm_up(self) -> None: ...


class SurveyClassifier(Classifier):
    """Applies the rules of a survey, and rejects the alerts of another.

    Without `solar_system_rule`, known objects of the solar system are left to the network.
    """

    rules: SurveyRules
    solar_system_rule = True

    def prepare_alert(self, alert: Alert) -> PreparedAlert:
        survey = self.rules.survey
        if alert.survey is not survey:
            what = f"the {survey} classifier cannot classify an alert of {alert.survey}"
            raise BadAlert("survey", what)
        decision = self.rules.decide(alert) if self.solar_system_rule else None
        if decision:
            return PreparedAlert(alert=alert, decision=decision)
        return self.extract_inputs(alert)

    @abstractmethod
    def extract_inputs(self, alert: Alert) -> PreparedAlert:
        """Check and decode an alert of this survey. Raises BadAlert."""

    @abstractmethod
    def predict(self, alerts: Sequence[PreparedAlert]) -> Sequence[Sequence[float]]:
        """Return a row of probabilities per alert, in the order of `classes`."""

    def classify(self, alerts: Sequence[PreparedAlert]) -> list[Classification | BadAlert]:
        undecided = [one for one in alerts if not one.decision]
        rows = self.predict(undecided) if undecided else []
        results = iter(
            [self._result(one.alert, row) for one, row in zip(undecided, rows, strict=True)]
        )
        return [
            self._decided(one.alert, one.decision) if one.decision else next(results)
            for one in alerts
        ]

    def _decided(self, alert: Alert, decision: Decision) -> Classification:
        certain = {name: float(name == decision.class_name) for name in self.classes}
        return self._classification(alert, certain, decision.class_name, decision.rule)

    def _result(self, alert: Alert, row: Sequence[float]) -> Classification | BadAlert:
        if not all(map(math.isfinite, row)):
            return BadAlert("feature-out-of-range", "the model's probabilities are not finite")
        probabilities = dict(zip(self.classes, row, strict=True))
        best = max(probabilities, key=probabilities.__getitem__)
        rule = self.rules.veto(alert, best)
        return self._classification(alert, probabilities, None if rule else best, rule)

    def _classification(
        self, alert: Alert, probabilities: Mapping[str, float], best: str | None, rule: str | None
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


class NetworkClassifier(SurveyClassifier):
    """Asks the network of a model folder. Raises ConfigError where it does not fit the survey."""

    def __init__(
        self,
        description: ModelDescription,
        network: Predictor,
        *,
        name: str,
        version: str,
        provenance: str,
    ) -> None:
        self.rules = survey_rules(description.survey)
        self.rules.check_description(description)
        self.name = name
        self.version = version
        self.provenance = provenance
        self.network_sha256 = description.network_sha256
        self.classes = description.classes
        self.description = description
        self._network = network

    def warm_up(self) -> None:
        self._network.warm_up()

    def extract_inputs(self, alert: Alert) -> PreparedAlert:
        return self.rules.extract_inputs(alert, self.description)

    def predict(self, alerts: Sequence[PreparedAlert]) -> Sequence[Sequence[float]]:
        images = normalise_stamps([one.crops for one in alerts])
        matrix = metadata.feature_matrix([one.alert for one in alerts], self.description.features)
        rows: list[list[float]] = self._network.predict(images, matrix).tolist()
        return rows

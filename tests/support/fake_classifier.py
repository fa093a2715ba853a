"""A classifier without a network that answers as a test chooses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stampapp.alerts.alert import Alert
from stampapp.classifiers.base import Classifier, PreparedAlert
from stampapp.errors import BadAlert
from stampapp.results.outcome import Classification

Classify = Callable[[Alert], Classification | BadAlert]


def classification(of: Alert, class_name: str | None = "SN") -> Classification:
    """Return a result; without a class_name, one that a rule vetoed."""
    return Classification(
        aid=of.aid,
        oid=of.oid,
        candid=of.candid,
        mjd=of.mjd,
        probabilities={"SN": 0.75, "bogus": 0.25},
        class_name=class_name,
        rule=None if class_name else "withdrawn",
        classifier_name="fake",
        classifier_version="1.2.3",
    )


class FakeClassifier(Classifier):
    """Answers with `answer`, and records the batches that it was given."""

    name, version, classes = "fake", "1.2.3", ("SN", "bogus")
    provenance = "a fake of the tests"

    def __init__(
        self,
        answer: Classify = classification,
        check: Callable[[Alert], object] = bool,
    ) -> None:
        self.answer, self.check = answer, check
        self.batches: list[list[str]] = []

    def prepare_alert(self, alert: Alert) -> PreparedAlert:
        self.check(alert)
        return PreparedAlert(alert=alert)

    def classify(self, alerts: Sequence[PreparedAlert]) -> list[Classification | BadAlert]:
        self.batches.append([one.alert.candid for one in alerts])
        return [self.answer(one.alert) for one in alerts]

    def warm_up(self) -> None:
        """Do nothing."""

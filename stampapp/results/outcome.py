"""The outcome of a consumed message, and the classification in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from stampapp.alerts.alert import Alert
from stampapp.errors import BadAlert
from stampapp.kafka.message import Headers

# The cause of a superseded alert whose object has more than MAX_DETECTIONS detections.
OVER_MAX_DETECTIONS = "max-detections"


class OutcomeKind(StrEnum):
    """Every consumed message has exactly one of these outcomes."""

    CLASSIFIED = "classified"
    SUPERSEDED = "superseded"
    RULED_OUT = "ruled_out"
    DEAD_LETTERED = "dead_lettered"


@dataclass(frozen=True, kw_only=True, slots=True)
class Classification:
    """The classification of one alert.

    `probabilities` has every class of the model, in the model's order. `class_name` is the most
    probable class, or None if a rule vetoes the result; `rule` is why a rule decided.
    """

    aid: str
    oid: str
    candid: str
    mjd: float
    probabilities: Mapping[str, float]
    class_name: str | None
    rule: str | None
    classifier_name: str
    classifier_version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """A classification to publish, its alert, and the headers that name its source messages."""

    alert: Alert
    classification: Classification
    headers: Headers


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The outcome of one message.

    `alert` is None if the message could not be decoded, `classification` if it was not classified;
    `error` is set for dead-lettered messages only. `over_max_detections` is why an alert is
    superseded whose object has too many detections; the others have an earlier alert in the batch.
    """

    kind: OutcomeKind
    alert: Alert | None = None
    classification: Classification | None = None
    error: BadAlert | None = None
    over_max_detections: bool = False

    @property
    def cause(self) -> str:
        """The cause of a dead letter, OVER_MAX_DETECTIONS, or empty."""
        if self.error:
            return self.error.cause
        return OVER_MAX_DETECTIONS if self.over_max_detections else ""


def count_by_kind(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Count the outcomes by kind; the four counts add up to the number of messages."""
    counter = Counter(outcome.kind for outcome in outcomes)
    return {kind.value: counter[kind] for kind in OutcomeKind}


def count_over_max_detections(outcomes: Iterable[Outcome]) -> int:
    """Count the superseded alerts whose object has more than MAX_DETECTIONS detections."""
    return sum(outcome.over_max_detections for outcome in outcomes)

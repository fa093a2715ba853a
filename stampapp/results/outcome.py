"""The outcome of a consumed message, and the classification in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from stampapp.alerts.alert import Alert
from stampapp.errors import BadAlert
from stampapp.kafka.message import Headers


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
    `error` is set for dead-lettered messages only.
    """

    kind: OutcomeKind
    alert: Alert | None = None
    classification: Classification | None = None
    error: BadAlert | None = None


def count_by_kind(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Count the outcomes by kind; the four counts add up to the number of messages."""
    counter = Counter(outcome.kind for outcome in outcomes)
    return {kind.value: counter[kind] for kind in OutcomeKind}

"""What became of a message: its outcome, and the classification in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from stampapp.alerts.alert import Alert
from stampapp.errors import BadAlert
from stampapp.kafka.message import Headers


class OutcomeKind(StrEnum):
    """Every consumed message ends as exactly one of these."""

    CLASSIFIED = "classified"
    SUPERSEDED = "superseded"
    RULED_OUT = "ruled_out"
    DEAD_LETTERED = "dead_lettered"


@dataclass(frozen=True, kw_only=True, slots=True)
class Classification:
    """What an object is, judged from one alert.

    `probabilities` has every class of the model, in the model's order. `class_name` is the most
    probable class, or None where a rule withdraws the result; `rule` says why a rule decided.
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
    """A classification on its way out, with the headers that name its source."""

    classification: Classification
    headers: Headers


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one message: the kind, and what supports it.

    `alert` is None where the message could not be decoded, `classification` where nothing was
    classified, `error` is set exactly for the dead-lettered.
    """

    kind: OutcomeKind
    alert: Alert | None = None
    classification: Classification | None = None
    error: BadAlert | None = None


def count_by_kind(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Count the outcomes by kind; the four counts add up to the number consumed."""
    counter = Counter(outcome.kind for outcome in outcomes)
    return {kind.value: counter[kind] for kind in OutcomeKind}

"""A batch of alerts → one outcome each. The worker and the offline command share this room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from stampapp.alerts import packets
from stampapp.alerts.alert import Alert
from stampapp.alerts.packets import Decoded
from stampapp.classifiers.base import Classifier, Examined
from stampapp.errors import BadAlert
from stampapp.results.outcome import Classification, Outcome, Verdict

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """A batch before the network: who is to be judged, and what is settled already.

    `settled` has one entry per message, None for those that `examined` holds, in order.
    """

    settled: tuple[Outcome | None, ...]
    examined: tuple[Examined, ...]


def decode(values: Sequence[bytes | None]) -> list[Decoded]:
    """Decode each message, or say what is wrong with it."""
    return [attempt(packets.decode, value) for value in values]


def prepare(decoded: Sequence[Decoded], classifier: Classifier, *, first_only: bool) -> Prepared:
    """Examine each alert; with `first_only`, keep the earliest good one of each object."""
    examined = [examine(one, classifier) for one in decoded]
    kept = first_of_each(examined) if first_only else set(range(len(examined)))
    settled = [
        _settled(alert, found, index in kept)
        for index, (alert, found) in enumerate(zip(decoded, examined, strict=True))
    ]
    open_ones = (found for found, done in zip(examined, settled, strict=True) if done is None)
    return Prepared(
        settled=tuple(settled),
        examined=tuple(found for found in open_ones if isinstance(found, Examined)),
    )


def examine(decoded: Decoded, classifier: Classifier) -> Examined | BadAlert:
    """Examine an alert, or pass on what is wrong with it."""
    return decoded if isinstance(decoded, BadAlert) else attempt(classifier.examine, decoded)


def first_of_each(examined: Iterable[Examined | BadAlert]) -> set[int]:
    """Return the places of the earliest good alert (by mjd) of each object (aid)."""
    first: dict[str, tuple[float, int]] = {}
    for index, found in enumerate(examined):
        if isinstance(found, Examined):
            candidate = (found.alert.mjd, index)
            first[found.alert.aid] = min(first.get(found.alert.aid, candidate), candidate)
    return {index for _, index in first.values()}


def conclude(prepared: Prepared, classifier: Classifier) -> list[Outcome]:
    """Judge those still open and return one outcome per message, in order.

    Whatever this raises is the model's failure and no message's fault.
    """
    results = classifier.judge(prepared.examined) if prepared.examined else []
    pairs = zip(prepared.examined, results, strict=True)
    judged = iter([_judged(one.alert, result) for one, result in pairs])
    return [settled or next(judged) for settled in prepared.settled]


def attempt(function: Callable[[T], R], argument: T) -> R | BadAlert:
    """Return the result, or the BadAlert that was raised instead."""
    try:
        return function(argument)
    except BadAlert as error:
        return error.bare()


def _settled(decoded: Decoded, found: Examined | BadAlert, kept: bool) -> Outcome | None:
    if isinstance(found, BadAlert):
        alert = None if isinstance(decoded, BadAlert) else decoded
        return Outcome(verdict=Verdict.DEAD_LETTERED, alert=alert, error=found)
    return None if kept else Outcome(verdict=Verdict.SUPERSEDED, alert=found.alert)


def _judged(alert: Alert, result: Classification | BadAlert) -> Outcome:
    if isinstance(result, BadAlert):
        return Outcome(verdict=Verdict.DEAD_LETTERED, alert=alert, error=result)
    verdict = Verdict.CLASSIFIED if result.class_name else Verdict.RULED_OUT
    return Outcome(verdict=verdict, alert=alert, classification=result)

"""Decode, prepare and classify a batch of messages; the worker and `classify` both use this."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from stampapp.alerts import packets
from stampapp.alerts.alert import Alert
from stampapp.alerts.detection_limit import DetectionLimit
from stampapp.alerts.packets import Decoded
from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.classifiers.base import Classifier, PreparedAlert
from stampapp.errors import BadAlert
from stampapp.results.outcome import Classification, Outcome, OutcomeKind

# Alerts that files are classified by: enough for the network, and few for the memory.
BATCH_SIZE = 256
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedBatch:
    """A batch before the network.

    `outcomes` has one entry per message: its outcome, or None for one that is still to be
    classified. `to_classify` has the alerts of these, in order.
    """

    outcomes: tuple[Outcome | None, ...]
    to_classify: tuple[PreparedAlert, ...]


def decode_batch(
    values: Sequence[bytes | None], schemas: MessageSchemas = NO_SCHEMAS
) -> list[Decoded]:
    """Return the alert of each message, or the BadAlert that says why there is none."""
    decode = partial(packets.decode_alert, schemas=schemas)
    return [result_or_error(decode, value) for value in values]


def accept(_: Alert) -> None:
    """Accept every alert."""


def prepare_batch(
    decoded: Sequence[Decoded],
    classifier: Classifier,
    *,
    first_only: bool,
    limit: DetectionLimit | None = None,
    check: Callable[[Alert], object] = accept,
) -> PreparedBatch:
    """Prepare each alert; with `first_only`, only the earliest good one of each object is kept.

    An alert over the `limit` is superseded, and its stamps are not decoded. `check` raises BadAlert
    for an alert of which no result could be published.
    """
    prepared = [
        None if is_over(limit, alert) else prepare_alert(alert, classifier, check)
        for alert in decoded
    ]
    kept = earliest_of_each_object(prepared) if first_only else set(range(len(prepared)))
    outcomes = [
        _early_outcome(alert, prepared_alert, index in kept)
        for index, (alert, prepared_alert) in enumerate(zip(decoded, prepared, strict=True))
    ]
    return PreparedBatch(
        outcomes=tuple(outcomes),
        to_classify=tuple(
            prepared_alert
            for prepared_alert, outcome in zip(prepared, outcomes, strict=True)
            if outcome is None and isinstance(prepared_alert, PreparedAlert)
        ),
    )


def is_over(limit: DetectionLimit | None, decoded: Decoded) -> bool:
    """Return whether an alert is over the limit, if there is one."""
    return limit is not None and isinstance(decoded, Alert) and limit.is_exceeded(decoded)


def prepare_alert(
    decoded: Decoded, classifier: Classifier, check: Callable[[Alert], object] = accept
) -> PreparedAlert | BadAlert:
    """Prepare an alert; a BadAlert is returned as it is."""
    if isinstance(decoded, BadAlert):
        return decoded
    prepared = result_or_error(classifier.prepare_alert, decoded)
    if isinstance(prepared, BadAlert):
        return prepared
    problem = result_or_error(check, decoded)
    return problem if isinstance(problem, BadAlert) else prepared


def earliest_of_each_object(prepared: Iterable[PreparedAlert | BadAlert | None]) -> set[int]:
    """Return the indices of the earliest good alert (by mjd) of each object (aid).

    None is an alert that does not count.
    """
    first: dict[str, tuple[float, int]] = {}
    for index, prepared_alert in enumerate(prepared):
        if isinstance(prepared_alert, PreparedAlert):
            aid, candidate = prepared_alert.alert.aid, (prepared_alert.alert.mjd, index)
            first[aid] = min(first.get(aid, candidate), candidate)
    return {index for _, index in first.values()}


def classify_batch(batch: PreparedBatch, classifier: Classifier) -> list[Outcome]:
    """Classify the alerts that have no outcome yet; return one outcome per message, in order.

    An exception means that the model failed, not that a message is bad.
    """
    return classify_batches([batch], classifier)[0]


def classify_decoded(
    decoded: Sequence[Decoded], classifier: Classifier, limit: DetectionLimit | None = None
) -> list[Outcome]:
    """Classify these alerts, all of each object; return one outcome per alert, in order."""
    prepared = prepare_batch(decoded, classifier, first_only=False, limit=limit)
    return classify_batch(prepared, classifier)


def classify_batches(
    batches: Sequence[PreparedBatch], classifier: Classifier
) -> list[list[Outcome]]:
    """Classify several batches in one call of the classifier; return the outcomes of each."""
    alerts = [prepared for batch in batches for prepared in batch.to_classify]
    results = classifier.classify(alerts) if alerts else []
    pairs = zip(alerts, results, strict=True)
    classified = iter([_outcome(prepared.alert, result) for prepared, result in pairs])
    return [[outcome or next(classified) for outcome in batch.outcomes] for batch in batches]


def result_or_error(function: Callable[[T], R], argument: T) -> R | BadAlert:
    """Return the result, or the BadAlert that was raised instead."""
    try:
        return function(argument)
    except BadAlert as error:
        return error.without_traceback()


def _early_outcome(
    decoded: Decoded, prepared: PreparedAlert | BadAlert | None, kept: bool
) -> Outcome | None:
    if prepared is None:
        alert = decoded if isinstance(decoded, Alert) else None
        return Outcome(kind=OutcomeKind.SUPERSEDED, alert=alert, over_max_detections=True)
    if isinstance(prepared, BadAlert):
        alert = None if isinstance(decoded, BadAlert) else decoded
        return Outcome(kind=OutcomeKind.DEAD_LETTERED, alert=alert, error=prepared)
    return None if kept else Outcome(kind=OutcomeKind.SUPERSEDED, alert=prepared.alert)


def _outcome(alert: Alert, result: Classification | BadAlert) -> Outcome:
    if isinstance(result, BadAlert):
        return Outcome(kind=OutcomeKind.DEAD_LETTERED, alert=alert, error=result)
    kind = OutcomeKind.CLASSIFIED if result.class_name else OutcomeKind.RULED_OUT
    return Outcome(kind=kind, alert=alert, classification=result)

"""Rates of single stages: decoding, and classification at several batch sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from benchmarks.turns import Cost, measure_in_turns
from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.classifiers import batch as batches
from stampapp.classifiers.base import Classifier, PreparedAlert
from stampapp.errors import BadAlert

LEAST_ALERTS = 512


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """Alerts per second and CPU milliseconds per alert, the best of several runs."""

    per_second: float
    cpu_ms: float


def rate(cost: Cost, alerts: int) -> Rate:
    """Return the rate at which this many alerts are processed at a cost."""
    return Rate(per_second=alerts / cost.wall, cpu_ms=1000 * cost.cpu / alerts)


def decoding_rate(
    values: Sequence[bytes | None],
    classifier: Classifier,
    seconds: float,
    schemas: MessageSchemas = NO_SCHEMAS,
) -> Rate:
    """Return the rate of decoding and preparing messages, in one thread."""

    def decode() -> object:
        decoded = batches.decode_batch(values, schemas)
        return batches.prepare_batch(decoded, classifier, first_only=True)

    return rate(measure_in_turns({"decode": decode}, seconds)["decode"], len(values))


def prepare_alerts(
    values: Sequence[bytes | None], classifier: Classifier, schemas: MessageSchemas = NO_SCHEMAS
) -> list[PreparedAlert]:
    """Return the prepared alerts of these messages, without bad ones."""
    decoded = batches.decode_batch(values, schemas)
    prepared = [batches.prepare_alert(one, classifier) for one in decoded]
    return [one for one in prepared if not isinstance(one, BadAlert)]


def classification_rates(
    alerts: Sequence[PreparedAlert],
    classifiers: Mapping[str, Classifier],
    size: int,
    threads: int,
    seconds: float,
) -> dict[str, Rate]:
    """Return each classifier's rate (normalisation, features, network, rules), measured in turns.

    As in the worker, `threads` batches of this size are classified at a time.
    """
    batch = [alerts[index % len(alerts)] for index in range(size)]
    # Enough batches to make the start and end of the threads negligible.
    count = threads * max(1, LEAST_ALERTS // (size * threads))
    with ThreadPoolExecutor(threads) as pool:
        work = {
            name: partial(_classify, pool, one, [batch] * count)
            for name, one in classifiers.items()
        }
        costs = measure_in_turns(work, seconds)
    return {name: rate(cost, size * count) for name, cost in costs.items()}


def _classify(
    pool: ThreadPoolExecutor, classifier: Classifier, work: Sequence[Sequence[PreparedAlert]]
) -> None:
    for _ in pool.map(classifier.classify, work):
        pass

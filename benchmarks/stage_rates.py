"""Rates of single stages: decoding, and the network at several batch sizes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.classifiers import batch as batches
from stampapp.classifiers.base import Classifier, PreparedAlert
from stampapp.errors import BadAlert

REPEATS = 7
LEAST_ALERTS = 512


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """Alerts per second and CPU milliseconds per alert, the best of several runs."""

    per_second: float
    cpu_ms: float


def best_rate(work: Callable[[], object], count: int) -> Rate:
    """Return the best rate of `work`, which processes `count` alerts."""
    seconds, cpu = [], []
    for _ in range(REPEATS):
        start, used = time.perf_counter(), time.process_time()
        work()
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    return Rate(per_second=count / min(seconds), cpu_ms=1000 * min(cpu) / count)


def decoding_rate(
    values: Sequence[bytes | None],
    classifier: Classifier,
    schemas: MessageSchemas = NO_SCHEMAS,
) -> Rate:
    """Return the rate of decoding and preparing messages, in one thread."""
    return best_rate(
        lambda: batches.prepare_batch(
            batches.decode_batch(values, schemas), classifier, first_only=True
        ),
        len(values),
    )


def prepare_alerts(values: Sequence[bytes | None], classifier: Classifier) -> list[PreparedAlert]:
    """Return the prepared alerts of these messages, without bad ones."""
    prepared = [batches.prepare_alert(one, classifier) for one in batches.decode_batch(values)]
    return [one for one in prepared if not isinstance(one, BadAlert)]


def classification_rates(
    alerts: Sequence[PreparedAlert], classifier: Classifier, sizes: Sequence[int], threads: int
) -> dict[int, Rate]:
    """Return the rate of classification (normalisation, features, network, rules) by batch size.

    As in the worker, `threads` batches are classified at a time.
    """
    with ThreadPoolExecutor(threads) as pool:
        return {size: _rate(alerts, size, classifier, pool, threads) for size in sizes}


def _rate(
    alerts: Sequence[PreparedAlert],
    size: int,
    classifier: Classifier,
    pool: ThreadPoolExecutor,
    threads: int,
) -> Rate:
    batch = [alerts[index % len(alerts)] for index in range(size)]
    # Enough batches to make the start and end of the threads negligible.
    count = threads * max(1, LEAST_ALERTS // (size * threads))
    classifier.classify(batch)
    return best_rate(lambda: list(pool.map(classifier.classify, [batch] * count)), size * count)

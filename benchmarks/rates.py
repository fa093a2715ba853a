"""The stages by themselves: decoding, and the network at several batch sizes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from stampapp import batches
from stampapp.classifiers.base import Classifier, Examined
from stampapp.errors import BadAlert

REPEATS = 7


def best_rate(work: Callable[[], object], count: int) -> float:
    """Return how many alerts a second `work` manages on `count` of them, the best of a few runs."""
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return count / min(seconds)


def decoding(values: Sequence[bytes], classifier: Classifier) -> float:
    """Return the rate of message bytes to examined alerts, in one thread."""
    return best_rate(
        lambda: batches.prepare(batches.decode(values), classifier, first_only=True), len(values)
    )


def judging(
    values: Sequence[bytes], classifier: Classifier, sizes: Sequence[int]
) -> dict[int, float]:
    """Return the rate of the network with its normalisation, features and rules, per batch size."""
    decoded = batches.decode(values)
    found = [batches.examine(one, classifier) for one in decoded]
    examined = [one for one in found if not isinstance(one, BadAlert) and not one.rule]
    return {size: _rate(examined, size, classifier) for size in sizes}


def _rate(examined: Sequence[Examined], size: int, classifier: Classifier) -> float:
    batch = [examined[index % len(examined)] for index in range(size)]
    return best_rate(lambda: classifier.judge(batch), size)

"""Classify prepared batches in threads; small batches that wait are classified together."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from stampapp.classifiers import batch as batches
from stampapp.classifiers.base import Classifier
from stampapp.classifiers.batch import PreparedBatch
from stampapp.results.outcome import Outcome
from stampapp.worker import named_threads

# A call of the network with more alerts is hardly faster an alert, and needs more memory.
MOST_TOGETHER = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class _Waiting:
    """A batch, and its outcomes with the seconds that they took."""

    batch: PreparedBatch
    result: Future[tuple[list[Outcome], float]] = field(default_factory=Future)


class ClassifyQueue:
    """Classifies the batches that wait, the oldest first, in `threads` threads.

    A thread that is free takes as many batches as have at most `most_together` alerts, at least
    one, and passes their alerts to the classifier in one call. If that fails, each batch of the
    call has failed.
    """

    def __init__(
        self, classifier: Classifier, *, threads: int = 1, most_together: int = MOST_TOGETHER
    ) -> None:
        self._classifier = classifier
        self._most_together = most_together
        self._pool = named_threads.thread_pool("classify", threads)
        self._waiting: deque[_Waiting] = deque()
        self._taking = threading.Lock()

    @property
    def waiting(self) -> int:
        """The number of batches that no thread has taken."""
        return len(self._waiting)

    async def classify(self, batch: PreparedBatch) -> tuple[list[Outcome], float]:
        """Return the outcomes of a batch, and how many seconds the call took that it was part of.

        An exception means that the model failed, not that a message is bad.
        """
        waiting = _Waiting(batch=batch)
        self._waiting.append(waiting)
        self._pool.submit(self._classify_waiting)
        return await asyncio.wrap_future(waiting.result)

    def close(self) -> None:
        """Start nothing more; what is being classified goes on in its thread."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _classify_waiting(self) -> None:
        # There is a call for each batch. It finds none if an earlier one has taken its batch, too.
        if taken := self._take():
            _classify(taken, self._classifier)

    def _take(self) -> list[_Waiting]:
        taken: list[_Waiting] = []
        alerts = 0
        with self._taking:
            while self._waiting:
                alerts += len(self._waiting[0].batch.to_classify)
                if taken and alerts > self._most_together:
                    break
                taken.append(self._waiting.popleft())
        # Those of a closed pipeline are cancelled.
        return [one for one in taken if one.result.set_running_or_notify_cancel()]


def _classify(taken: Sequence[_Waiting], classifier: Classifier) -> None:
    start = time.perf_counter()
    try:
        outcomes = batches.classify_batches([one.batch for one in taken], classifier)
    except BaseException as error:  # raised where the batch is awaited
        for one in taken:
            one.result.set_exception(error)
        return
    seconds = time.perf_counter() - start
    for one, of_batch in zip(taken, outcomes, strict=True):
        one.result.set_result((of_batch, seconds))

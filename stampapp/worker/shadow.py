"""Classify confirmed alerts again by a second model, which changes nothing of what is published.

It runs after the live result is confirmed, in a thread of its own, while the live stream has
nothing to catch up with. What it cannot keep up with is dropped and counted. If it fails, it is
switched off, and the worker goes on.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Protocol

from stampapp.classifiers.base import Classifier
from stampapp.classifiers.shadow import classify_again, is_in_share
from stampapp.errors import StampError
from stampapp.kafka.message import Headers
from stampapp.monitoring.shadow_metrics import ShadowMetrics
from stampapp.results.model_comparison import ComparisonTally, compare, is_compared
from stampapp.results.outcome import Outcome, OutcomeKind, Prediction
from stampapp.worker import named_threads

log = logging.getLogger(__name__)
# Alerts of a call: so many are classified at most when the live stream becomes busy.
TOGETHER = 32
# Alerts that wait, and bytes of their stamps; further ones are dropped.
MOST_WAITING = 1024
MOST_BYTES = 64 * 2**20
# Seconds that a call may take. It usually takes some hundredths of a second.
TIME_LIMIT = 30.0
# Seconds until it is asked again whether the live stream is busy.
BUSY_INTERVAL = 0.1
# One alert may have a feature beyond all bounds; a model is broken if its results stay NaN.
MOST_NOT_FINITE = 10
_NOT_FINITE = "feature-out-of-range"


class OffReason(StrEnum):
    """Why a shadow model was switched off."""

    ERROR = "error"
    NOT_FINITE = "not-finite"
    TIMEOUT = "timeout"
    TOPIC = "topic"


class Publisher(Protocol):
    """Publishes predictions of the shadow model. Raises StampError where that fails."""

    async def publish(self, predictions: Sequence[Prediction]) -> None: ...
    async def close(self) -> None: ...


# The headers that name an alert's message, and its live outcome.
_Waiting = tuple[Headers, Outcome]


class _Failure(Exception):  # noqa: N818  # private
    def __init__(self, reason: OffReason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Shadow:
    """The shadow model of a worker, with the counts that the page shows.

    `tally` has the alerts that the live network has classified. `seconds` is the time that
    the `classified` alerts took, `dropped` the number of alerts that it has not seen,
    `switched_off` why it no longer runs.
    """

    def __init__(
        self,
        classifier: Classifier,
        *,
        share: float,
        metrics: ShadowMetrics,
        publisher: Publisher | None = None,
        time_limit: float = TIME_LIMIT,
    ) -> None:
        self.classifier = classifier
        self.tally = ComparisonTally()
        self.seconds = 0.0
        self.classified = self.dropped = 0
        self.switched_off: OffReason | None = None
        self._share, self._metrics, self._publisher = share, metrics, publisher
        self._time_limit = time_limit
        self._pool = named_threads.thread_pool("shadow")
        self._waiting: deque[_Waiting] = deque()
        self._bytes = self._not_finite = 0
        self._added = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def seconds_each(self) -> float | None:
        """The mean time of an alert, None before the first."""
        return self.seconds / self.classified if self.classified else None

    def start(self, busy: Callable[[], bool]) -> None:
        """Start to classify what is added; it waits while `busy` says that the stream is."""
        self._task = asyncio.create_task(self._run(busy))

    def add(self, headers: Iterable[Headers], outcomes: Iterable[Outcome]) -> None:
        """Add a confirmed batch, of which the alerts in the share are classified; never waits.

        `headers` name the message of each outcome. Alerts for which there is no room are dropped.
        """
        if self.switched_off:
            return
        for one in zip(headers, outcomes, strict=True):
            if one[1].classification and self._is_chosen(one[1]):
                self._enqueue(one)

    def _enqueue(self, one: _Waiting) -> None:
        size = _size(one)
        if len(self._waiting) >= MOST_WAITING or self._bytes + size > MOST_BYTES:
            self.dropped += 1
            self._metrics.count_dropped(1)
            return
        self._waiting.append(one)
        self._bytes += size
        self._added.set()

    async def close(self) -> None:
        """Stop; what waits is not classified."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._publisher:
            await self._publisher.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _is_chosen(self, live: Outcome) -> bool:
        return live.alert is not None and is_in_share(live.alert.aid, self._share)

    async def _run(self, busy: Callable[[], bool]) -> None:
        try:
            while True:
                await self._added.wait()
                while busy():  # noqa: ASYNC110  # there is no event for it
                    await asyncio.sleep(BUSY_INTERVAL)
                await self._classify(self._take())
        except _Failure as failure:
            await self._switch_off(failure.reason, str(failure))
        except Exception as error:  # whatever it is, the live stream goes on
            await self._switch_off(OffReason.ERROR, repr(error))

    def _take(self) -> list[_Waiting]:
        count = min(TOGETHER, len(self._waiting))
        taken = [self._waiting.popleft() for _ in range(count)]
        self._bytes -= sum(map(_size, taken))
        if not self._waiting:
            self._added.clear()
        return taken

    async def _classify(self, taken: Sequence[_Waiting]) -> None:
        live = [outcome for _, outcome in taken]
        shadow, seconds = await self._call(live)
        for one in shadow:
            self._check(one)
        pairs = zip(live, shadow, strict=True)
        comparisons = [compare(*pair) for pair in pairs if is_compared(pair[0])]
        self.tally.add(comparisons)
        self.classified += len(shadow)
        self.seconds += seconds
        self._metrics.observe(comparisons, seconds)
        if self._publisher:
            await _publish(self._publisher, [headers for headers, _ in taken], shadow)

    async def _call(self, live: Sequence[Outcome]) -> tuple[list[Outcome], float]:
        loop, start = asyncio.get_running_loop(), time.perf_counter()
        calling = loop.run_in_executor(self._pool, classify_again, live, self.classifier)
        try:
            shadow = await asyncio.wait_for(calling, self._time_limit)
        except TimeoutError as error:
            text = f"{len(live)} alerts took it longer than {self._time_limit:g} s"
            raise _Failure(OffReason.TIMEOUT, text) from error
        return shadow, time.perf_counter() - start

    def _check(self, shadow: Outcome) -> None:
        bad = shadow.error is not None and shadow.error.cause == _NOT_FINITE
        self._not_finite = self._not_finite + 1 if bad else 0
        if self._not_finite >= MOST_NOT_FINITE:
            text = f"its probabilities of {MOST_NOT_FINITE} alerts in a row are not finite"
            raise _Failure(OffReason.NOT_FINITE, text)

    async def _switch_off(self, reason: OffReason, text: str) -> None:
        self.switched_off = reason
        self._waiting.clear()
        self._bytes = 0
        self._metrics.switch_off(reason)
        name = f"{self.classifier.name} {self.classifier.version}"
        log.warning(
            "The shadow model %s is switched off, and the worker goes on without it: %s. See"
            " StampappShadowOff in docs/operations.md",
            name,
            text,
        )
        if self._publisher:
            # It would publish later what its topic has not confirmed yet.
            await self._publisher.close()


async def _publish(
    publisher: Publisher, headers: Iterable[Headers], outcomes: Iterable[Outcome]
) -> None:
    found = [
        Prediction(alert=one.alert, classification=one.classification, headers=names)
        for names, one in zip(headers, outcomes, strict=True)
        if one.kind is OutcomeKind.CLASSIFIED and one.alert and one.classification
    ]
    try:
        if found:
            await publisher.publish(found)
    except StampError as error:
        raise _Failure(OffReason.TOPIC, str(error)) from error


def _size(one: _Waiting) -> int:
    alert = one[1].alert
    return sum(len(stamp or b"") for stamp in alert.stamps.values()) if alert else 0

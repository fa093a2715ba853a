"""Batches on their way: collected, decoded, judged, delivered, and only then acknowledged.

Each batch is a task. One thread decodes and others judge, a batch each, so that while some batches
are in the network the next is being decoded and the one before is being published; the number of
batches in flight is bounded, and so is the memory that they hold.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from stampapp.classifiers import batch as batches
from stampapp.classifiers.base import Classifier
from stampapp.kafka.message import Message, Partition
from stampapp.results.outcome import Outcome
from stampapp.worker import named_threads
from stampapp.worker.offset_tracker import OffsetTracker

COMMIT_INTERVAL = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Consumed messages with one outcome each; `received` is when the first arrived (UTC).

    `durations` has the seconds that each stage so far has taken.
    """

    messages: tuple[Message, ...]
    outcomes: tuple[Outcome, ...]
    received: datetime
    durations: Mapping[str, float] = field(default_factory=dict)


R = TypeVar("R")
Deliver = Callable[[Batch], Awaitable[None]]
Commit = Callable[[dict[Partition, int]], Awaitable[bool]]
Fail = Callable[[BaseException], Awaitable[None]]


class Pipeline:
    """Takes messages one by one, in the order of their partitions.

    `deliver` returns when everything that came out of a batch is confirmed; `commit` tells
    whether the broker took the offsets; `fail` is told of whatever must stop the worker.
    """

    def __init__(  # noqa: PLR0913  # each is a part that a test replaces
        self,
        classifier: Classifier,
        *,
        size: int,
        timeout: float,
        in_flight: int,
        judges: int = 1,
        deliver: Deliver,
        commit: Commit,
        fail: Fail,
    ) -> None:
        self.offset_tracker = OffsetTracker()
        self._classifier = classifier
        self._size, self._timeout = size, timeout
        self._deliver, self._commit, self._fail = deliver, commit, fail
        self._slots = asyncio.Semaphore(in_flight)
        self._decoding = named_threads.named("decode")
        self._judging = named_threads.named("judge", judges)
        self._collected: list[Message] = []
        self._received = datetime.now(UTC)
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        # Set once the batch that was dispatched last has begun to be delivered.
        self._departed = asyncio.Event()
        self._departed.set()
        self._progress = asyncio.Event()
        self._committing = asyncio.Lock()
        self._closed = False
        # When a message was last taken or a batch confirmed (monotonic clock, seconds).
        self.moved = time.monotonic()

    def start(self) -> None:
        """Begin to commit what gets confirmed."""
        self._spawn(self._commit_now_and_then())

    async def take(self, message: Message) -> None:
        """Add a message to the batch; wait while too many batches are on their way."""
        if self._closed:
            return
        self.moved = time.monotonic()
        self.offset_tracker.take(message)
        if not self._collected:
            self._received = datetime.now(UTC)
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._timeout, self._ripe)
        self._collected.append(message)
        if len(self._collected) >= self._size:
            await self._dispatch()

    async def drain(self, patience: float) -> bool:
        """Finish what was taken, commit it, and tell whether all was done in `patience` seconds.

        Called before partitions are given away: what is not done by then is forgotten, not lost.
        """
        self._ripe()
        try:
            await asyncio.wait_for(self._emptied(), patience)
        except TimeoutError:
            done = False
        else:
            done = True
        await self.commit()
        return done

    def forget(self) -> None:
        """Give up the partitions: their messages come back from the committed offsets."""
        self._collected = []
        self._stop_timer()
        self.offset_tracker.forget()

    async def close(self, patience: float | None) -> bool:
        """Take nothing more and stop, after `patience` seconds to finish (None: abandon all)."""
        self._closed = True
        try:
            return patience is not None and await self.drain(patience)
        finally:
            for task in self._tasks:
                task.cancel()
            self._decoding.shutdown(wait=False, cancel_futures=True)
            self._judging.shutdown(wait=False, cancel_futures=True)

    async def commit(self) -> None:
        """Commit what is confirmed."""
        async with self._committing:
            offsets = self.offset_tracker.committable()
            if offsets and await self._commit(offsets):
                self.offset_tracker.committed(offsets)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:  # nothing may end unseen: the worker stops
            await self._fail(error)

    def _ripe(self) -> None:
        self._spawn(self._dispatch())

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    async def _dispatch(self) -> None:
        # The batch goes on growing while it waits for its turn.
        await self._slots.acquire()
        collected, self._collected = self._collected, []
        self._stop_timer()
        if collected:
            before, self._departed = self._departed, asyncio.Event()
            self._spawn(self._process(tuple(collected), self._received, before, self._departed))
        else:
            self._slots.release()

    async def _process(
        self,
        messages: tuple[Message, ...],
        received: datetime,
        before: asyncio.Event,
        departed: asyncio.Event,
    ) -> None:
        try:
            collect = (datetime.now(UTC) - received).total_seconds()
            outcomes, durations = await self._classify([message.value for message in messages])
            batch = Batch(
                messages=messages,
                outcomes=tuple(outcomes),
                received=received,
                durations={"collect": collect, **durations},
            )
            # Batches may be judged out of turn; what is known of an object last must arrive last.
            await before.wait()
            delivering = asyncio.ensure_future(self._deliver(batch))
            departed.set()
            await delivering
            self.offset_tracker.settle(messages)
            self.moved = time.monotonic()
            self._progress.set()
        finally:
            departed.set()
            self._slots.release()

    async def _classify(
        self, values: Sequence[bytes | None]
    ) -> tuple[list[Outcome], dict[str, float]]:
        loop = asyncio.get_running_loop()
        prepared, decode = await loop.run_in_executor(
            self._decoding, _timed, lambda: self._prepare(values)
        )
        outcomes, judge = await loop.run_in_executor(
            self._judging, _timed, lambda: batches.classify_batch(prepared, self._classifier)
        )
        return outcomes, {"decode": decode, "judge": judge}

    def _prepare(self, values: Sequence[bytes | None]) -> batches.PreparedBatch:
        return batches.prepare_batch(
            batches.decode_batch(values), self._classifier, first_only=True
        )

    async def _emptied(self) -> None:
        while self.offset_tracker.open:
            self._progress.clear()
            await self._progress.wait()

    async def _commit_now_and_then(self) -> None:
        while True:
            await self._progress.wait()
            self._progress.clear()
            await self.commit()
            if self.offset_tracker.committable():
                # It was refused: after the last message nothing else would bring it up again.
                self._progress.set()
            await asyncio.sleep(COMMIT_INTERVAL)


def _timed(work: Callable[[], R]) -> tuple[R, float]:
    """Return the result, and the seconds that it took in this thread."""
    start = time.perf_counter()
    return work(), time.perf_counter() - start

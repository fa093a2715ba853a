"""Collect messages into batches, decode, classify and deliver them, then commit their offsets.

Each batch is a task. One thread decodes and `classify_threads` classify, so that one batch is
decoded while others are classified and published. The messages in flight are bounded by their
number and their bytes, and with them the memory that they need.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from stampapp.alerts import packets
from stampapp.alerts.alert import Alert
from stampapp.alerts.detection_limit import DetectionLimit
from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.classifiers import batch as batches
from stampapp.classifiers.base import Classifier
from stampapp.kafka.message import Message, Partition
from stampapp.results.outcome import Outcome
from stampapp.worker import named_threads
from stampapp.worker.batch import Batch
from stampapp.worker.classify_queue import MOST_TOGETHER, ClassifyQueue
from stampapp.worker.in_flight import InFlightLimit
from stampapp.worker.offset_tracker import FetchedRange, OffsetTracker

log = logging.getLogger(__name__)
# Seconds between two commits.
COMMIT_INTERVAL = 0.25
# Seconds that the last commit may take.
COMMIT_TIMEOUT = 1.0


R = TypeVar("R")
Deliver = Callable[[Batch], Awaitable[bool]]
Commit = Callable[[dict[Partition, int]], Awaitable[bool]]
StopWorker = Callable[[BaseException], Awaitable[None]]


class Pipeline:
    """Processes messages in batches; takes the messages of a partition in their order.

    A batch is complete with `size` messages, with as many as `in_flight` allows, or `timeout`
    seconds after its first. `deliver` returns True when all results of a batch are confirmed, False
    if it was not wanted any more before all were sent; `commit` returns whether the broker accepted
    the offsets; `stop_worker` is called with the error that must stop the worker. `first_only`,
    `limit` and `check` are those of `prepare_batch`, `most_together` is that of `ClassifyQueue`.
    """

    _timer: asyncio.TimerHandle | None = None
    _closed = False

    def __init__(  # noqa: PLR0913  # all of them are named
        self,
        classifier: Classifier,
        *,
        schemas: MessageSchemas = NO_SCHEMAS,
        size: int,
        timeout: float,
        in_flight: InFlightLimit,
        classify_threads: int = 1,
        most_together: int = MOST_TOGETHER,
        deliver: Deliver,
        commit: Commit,
        stop_worker: StopWorker,
        first_only: bool = True,
        limit: DetectionLimit | None = None,
        check: Callable[[Alert], object] = batches.accept,
    ) -> None:
        self.offset_tracker = OffsetTracker()
        self._first_only, self._limit, self._check = first_only, limit, check
        self._classifier, self._schemas = classifier, schemas
        self._size, self._timeout = size, timeout
        self._deliver, self._commit, self._stop_worker = deliver, commit, stop_worker
        self._in_flight = in_flight
        self._decode_pool = named_threads.thread_pool("decode")
        self.classify_queue = ClassifyQueue(
            classifier, threads=classify_threads, most_together=most_together
        )
        self._collected: list[Message] = []
        self._received = datetime.now(UTC)
        self._tasks: set[asyncio.Task[None]] = set()
        # Set when the delivery of the last dispatched batch has started.
        self._delivery_started = asyncio.Event()
        self._delivery_started.set()
        self._progress = asyncio.Event()
        self._committing = asyncio.Lock()
        # When a message was last taken or a batch confirmed (monotonic clock, seconds).
        self.last_activity = time.monotonic()

    def start(self) -> None:
        """Start to commit confirmed offsets."""
        self._spawn(self._commit_periodically())

    async def add_message(self, message: Message) -> None:
        """Add a message to the current batch; then wait while too much is in flight."""
        if self._closed:
            return
        self.last_activity = time.monotonic()
        self.offset_tracker.add(message)
        if not self._collected:
            self._received = datetime.now(UTC)
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._timeout, self._dispatch)
        self._collected.append(message)
        self._in_flight.add(message)
        if len(self._collected) >= self._size or self._in_flight.reached_by(self._collected):
            self._dispatch()
        await self._in_flight.wait_for_room()

    def add_fetched(self, ranges: Iterable[FetchedRange]) -> None:
        """Add what a fetch has found, before its messages are added."""
        for one in ranges:
            self.offset_tracker.add_fetched(one)
        # There may be no further message to trigger a commit.
        self._progress.set()

    async def drain(self, time_limit: float) -> bool:
        """Finish and commit all messages taken; return whether `time_limit` seconds sufficed.

        Messages that are unfinished by then are not lost: their offsets stay uncommitted.
        """
        self._dispatch()
        try:
            await asyncio.wait_for(self._wait_until_empty(), time_limit)
        except TimeoutError:
            done = False
        else:
            done = True
        await self.commit()
        return done

    async def restart_partition(
        self, partition: Partition, start: int, last_consumed: int | None
    ) -> None:
        """Consume a partition again from `start`; see OffsetTracker.restart."""
        # A commit that is under way must not be written after the restart.
        async with self._committing:
            self.offset_tracker.restart(partition, start, last_consumed)

    def forget_partitions(self) -> None:
        """Drop all messages taken: they are consumed again from the committed offsets.

        What is being sent already is published; it cannot be called back.
        """
        self._in_flight.remove(self._take_collected())
        # Batches in flight confirm their messages to the old one: after the rebalance the same
        # offsets may belong to other messages, or to another worker.
        self.offset_tracker = OffsetTracker()

    async def close(self, time_limit: float | None) -> bool:
        """Stop taking messages, and return whether `time_limit` seconds sufficed to finish.

        None abandons unfinished messages at once. The last commit has COMMIT_TIMEOUT.
        """
        self._closed = True
        try:
            # While its cluster is away, a commit is repeated without end.
            async with asyncio.timeout((time_limit or 0.0) + COMMIT_TIMEOUT):
                return time_limit is not None and await self.drain(time_limit)
        except TimeoutError:
            return False
        finally:
            for task in self._tasks:
                task.cancel()
            self._decode_pool.shutdown(wait=False, cancel_futures=True)
            self.classify_queue.close()

    async def commit(self) -> None:
        """Commit the confirmed offsets."""
        async with self._committing:
            tracker = self.offset_tracker
            offsets = tracker.committable()
            if offsets and await self._commit(offsets):
                tracker.mark_committed(offsets)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(self._stop_on_error(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _stop_on_error(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:  # whatever it is, the worker must stop
            await self._stop_worker(error)

    def _take_collected(self) -> tuple[Message, ...]:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        collected, self._collected = tuple(self._collected), []
        return collected

    def _dispatch(self) -> None:
        if collected := self._take_collected():
            previous, self._delivery_started = self._delivery_started, asyncio.Event()
            self._spawn(
                self._process(
                    collected,
                    self._received,
                    self.offset_tracker,
                    previous,
                    self._delivery_started,
                )
            )

    async def _process(
        self,
        messages: tuple[Message, ...],
        received: datetime,
        tracker: OffsetTracker,
        previous: asyncio.Event,
        started: asyncio.Event,
    ) -> None:
        try:
            collect = (datetime.now(UTC) - received).total_seconds()
            outcomes, durations = await self._classify([message.value for message in messages])
            batch = Batch(
                messages=messages,
                outcomes=tuple(outcomes),
                received=received,
                durations={"collect": collect, **durations},
                is_wanted=lambda: tracker is self.offset_tracker,
            )
            # Batches may be classified out of order, but the latest result of an object must be
            # published last.
            await previous.wait()
            if await self._start_delivery(batch, started):
                tracker.confirm(messages)
                self.last_activity = time.monotonic()
                self._progress.set()
            else:
                log.info("Interrupted by a rebalance: %d messages, consumed again", len(messages))
        finally:
            started.set()
            self._in_flight.remove(messages)

    async def _start_delivery(self, batch: Batch, started: asyncio.Event) -> bool:
        # Another worker may have published later results of the same objects by now.
        if not batch.is_wanted():
            return False
        delivering = asyncio.ensure_future(self._deliver(batch))
        started.set()
        return await delivering

    async def _classify(
        self, values: Sequence[bytes | None]
    ) -> tuple[list[Outcome], dict[str, float]]:
        # Here and not in the thread, which could not be cancelled.
        await packets.load_schemas(values, self._schemas)
        loop = asyncio.get_running_loop()
        prepared, decode = await loop.run_in_executor(
            self._decode_pool, _timed, lambda: self._prepare(values)
        )
        outcomes, classify = await self.classify_queue.classify(prepared)
        return outcomes, {"decode": decode, "judge": classify}

    def _prepare(self, values: Sequence[bytes | None]) -> batches.PreparedBatch:
        return batches.prepare_batch(
            batches.decode_batch(values, self._schemas),
            self._classifier,
            first_only=self._first_only,
            limit=self._limit,
            check=self._check,
        )

    async def _wait_until_empty(self) -> None:
        while self.offset_tracker.unfinished:
            self._progress.clear()
            await self._progress.wait()

    async def _commit_periodically(self) -> None:
        while True:
            await self._progress.wait()
            self._progress.clear()
            await self.commit()
            if self.offset_tracker.committable():
                # The commit was rejected. Try again: there may be no further message to trigger it.
                self._progress.set()
            await asyncio.sleep(COMMIT_INTERVAL)


def _timed(work: Callable[[], R]) -> tuple[R, float]:
    """Return the result of `work` and the seconds it took."""
    start = time.perf_counter()
    return work(), time.perf_counter() - start

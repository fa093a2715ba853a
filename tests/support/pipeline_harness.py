"""Run a pipeline with fake deliveries and commits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.kafka.message import Message, Partition
from stampapp.worker.batch import Batch
from stampapp.worker.in_flight import InFlightLimit
from stampapp.worker.pipeline import Pipeline
from tests.support.alerts import container, message, record
from tests.support.fake_classifier import FakeClassifier
from tests.support.stopwatch import AMPLE

PLACE = ("alerts", 0)
FOREVER = 60.0


def alert_message(offset: int) -> Message:
    value = container(record(aid=f"A{offset}", candid=str(offset), stamps=NO_STAMPS))
    return message(offset, value)


NO_STAMPS = dict.fromkeys(("science", "template", "difference"))


class PipelineHarness:
    """Records what a pipeline does; fails or blocks deliveries and commits on request."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.delivered: list[Batch] = []
        self.commits: list[dict[Partition, int]] = []
        self.failures: list[BaseException] = []
        self.error: Exception | None = None
        self.commit_error: Exception | None = None
        self.accepts = True
        self.blocked: dict[int, asyncio.Event] = {}
        self.commits_allowed = asyncio.Event()
        self.commits_allowed.set()
        self.waiting = 0

    def block_delivery(self, first_offset: int) -> asyncio.Event:
        """Let the batch that begins with this offset wait in its delivery."""
        return self.blocked.setdefault(first_offset, asyncio.Event())

    def block_commits(self) -> asyncio.Event:
        """Let each commit wait for its answer."""
        self.commits_allowed.clear()
        return self.commits_allowed

    async def deliver(self, batch: Batch) -> bool:
        first = batch.messages[0].offset
        if self.error:
            raise self.error
        if gate := self.blocked.get(first):
            self.waiting += 1
            await gate.wait()
            self.waiting -= 1
        self.delivered.append(batch)
        self.events.append(f"delivered {first}")
        return True

    async def commit(self, offsets: dict[Partition, int]) -> bool:
        if self.commit_error:
            raise self.commit_error
        self.commits.append(offsets)
        self.events.append(f"committed {offsets[PLACE]}")
        await self.commits_allowed.wait()
        return self.accepts

    async def stop_worker(self, error: BaseException) -> None:
        self.failures.append(error)

    @property
    def offsets(self) -> list[list[int]]:
        """What was delivered: the offsets of each batch."""
        return [[one.offset for one in batch.messages] for batch in self.delivered]


@asynccontextmanager
async def running_pipeline(
    harness: PipelineHarness,
    classifier: FakeClassifier | None = None,
    *,
    size: int = 2,
    batch_timeout: float = FOREVER,
    in_flight: int = 1000,
    in_flight_bytes: int = 2**30,
    classify_threads: int = 1,
    most_together: int = 256,
    schemas: MessageSchemas = NO_SCHEMAS,
) -> AsyncIterator[Pipeline]:
    pipeline = Pipeline(
        classifier or FakeClassifier(),
        schemas=schemas,
        size=size,
        timeout=batch_timeout,
        in_flight=InFlightLimit(messages=in_flight, size=in_flight_bytes),
        classify_threads=classify_threads,
        most_together=most_together,
        deliver=harness.deliver,
        commit=harness.commit,
        stop_worker=harness.stop_worker,
    )
    pipeline.start()
    try:
        yield pipeline
    finally:
        for gate in harness.blocked.values():
            gate.set()
        await pipeline.close(0.05)
        await asyncio.sleep(0)


async def until(condition: Callable[[], object], within: float = AMPLE) -> None:
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110  # there is no event for every change
            await asyncio.sleep(0.002)


async def holds_during(condition: Callable[[], object], during: float = 0.1) -> None:
    """Fail as soon as the condition does."""
    loop = asyncio.get_running_loop()
    end = loop.time() + during
    while loop.time() < end:
        assert condition()
        await asyncio.sleep(0.005)


async def feed(pipeline: Pipeline, *offsets: int) -> None:
    for offset in offsets:
        await pipeline.add_message(alert_message(offset))

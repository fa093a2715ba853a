"""The shared producer with a fake one; the integration tests use real brokers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stampapp.errors import ConfigError
from stampapp.kafka import shared_producer
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.compression import Compression
from stampapp.kafka.shared_producer import SharedProducer

CLUSTER = Cluster(role="scribe", servers=("one:9092",))


class Producers:
    """Names instead of producers, in the order of their start, and those that were stopped."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.stopped: list[str] = []
        self.problem: ConfigError | None = None
        self.may_start = asyncio.Event()
        self.may_start.set()

    async def start(self, *_: object, **__: object) -> str:
        await self.may_start.wait()
        if self.problem:
            raise self.problem
        self.started.append(f"producer {len(self.started) + 1}")
        return self.started[-1]

    async def stop(self, producer: str, _: float) -> None:
        self.stopped.append(producer)


@pytest.fixture
def producers(monkeypatch: pytest.MonkeyPatch) -> Producers:
    fake = Producers()
    monkeypatch.setattr(shared_producer, "start_producer", fake.start)
    monkeypatch.setattr(shared_producer, "stop_producer", fake.stop)
    return fake


@pytest.fixture
def shared() -> SharedProducer:
    return SharedProducer(CLUSTER, idempotence=True, compression=Compression.NONE)


def current(shared: SharedProducer) -> Any:
    with shared.in_use() as producer:
        return producer


async def other_tasks() -> None:
    await asyncio.sleep(0.01)


async def test_without_a_connection_there_is_no_producer(shared: SharedProducer) -> None:
    assert not shared.connected
    assert current(shared) is None


async def test_a_failed_producer_is_stopped_when_nobody_uses_it(
    producers: Producers, shared: SharedProducer
) -> None:
    await shared.start()
    with shared.in_use() as first:
        with shared.in_use() as again:
            assert again is first
            await shared.replace(first)
            assert current(shared) == "producer 2"
        await other_tasks()
        assert producers.stopped == []
    await other_tasks()
    assert producers.stopped == ["producer 1"]


async def test_of_several_failures_of_a_producer_one_starts_a_successor(
    producers: Producers, shared: SharedProducer
) -> None:
    await shared.start()
    failed = current(shared)
    producers.may_start.clear()
    replacements = [asyncio.ensure_future(shared.replace(failed)) for _ in range(3)]
    await other_tasks()
    producers.may_start.set()
    await asyncio.gather(*replacements)
    assert producers.started == ["producer 1", "producer 2"]


async def test_a_failed_producer_stays_if_no_successor_starts(
    producers: Producers, shared: SharedProducer
) -> None:
    await shared.start()
    producers.problem = ConfigError("down")
    with pytest.raises(ConfigError, match="down"):
        await shared.replace(current(shared))
    await other_tasks()
    assert current(shared) == "producer 1"
    assert producers.stopped == []


async def test_stop_ends_replaced_producers_too(
    producers: Producers, shared: SharedProducer
) -> None:
    await shared.start()
    with shared.in_use() as first:
        await shared.replace(first)
        await shared.stop()
        assert sorted(producers.stopped) == ["producer 1", "producer 2"]
    await other_tasks()
    assert len(producers.stopped) == 2


async def test_no_producer_starts_after_the_stop(
    producers: Producers, shared: SharedProducer
) -> None:
    await shared.start()
    await shared.stop()
    await shared.replace(None)
    assert current(shared) is None
    assert producers.started == producers.stopped == ["producer 1"]


async def test_a_producer_that_starts_during_the_stop_is_stopped(
    producers: Producers, shared: SharedProducer
) -> None:
    await shared.start()
    producers.may_start.clear()
    replacing = asyncio.ensure_future(shared.replace(current(shared)))
    await other_tasks()
    await shared.stop()
    producers.may_start.set()
    await replacing
    assert current(shared) is None
    assert sorted(producers.stopped) == ["producer 1", "producer 2"]

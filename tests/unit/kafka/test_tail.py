from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import cast

import pytest

from stampapp.kafka.message import Message, Partition
from stampapp.kafka.offset_ranges import OffsetRange
from stampapp.kafka.tail import TopicTail
from stampapp.kafka.topic_reader import TopicReader
from tests.support.alerts import message


class FakeReader:
    """Partitions in memory; `read_count` is the number of messages read."""

    def __init__(self, counts: Mapping[int, int], first: int = 0) -> None:
        self.logs = {
            ("alerts", number): [
                message(offset, partition=number, timestamp=1000 * offset + number)
                for offset in range(first, first + count)
            ]
            for number, count in counts.items()
        }
        self.first = first
        self.read_count = 0

    async def first_offsets(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        return dict.fromkeys(partitions, self.first)

    async def end_offsets(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        return {at: self.first + len(self.logs[at]) for at in partitions}

    async def read_ranges(
        self,
        spans: Mapping[Partition, OffsetRange],
        on_cut_short: Callable[[Partition], object] = bool,
    ) -> AsyncIterator[list[Message]]:
        for at, span in spans.items():
            if span.first > self.first + len(self.logs[at]):
                on_cut_short(at)
            end = span.end if span.end is not None else 10**9
            if found := [one for one in self.logs[at] if span.first <= one.offset < end]:
                self.read_count += len(found)
                yield found


def tail(reader: FakeReader, takes: object = None) -> TopicTail:
    wanted = takes if callable(takes) else lambda _: True
    return TopicTail(cast(TopicReader, reader), wanted)


async def read_latest(
    reader: FakeReader, count: int, takes: object = None
) -> list[tuple[int, int]]:
    found = await tail(reader, takes).read_latest(sorted(reader.logs), count, lambda *_: None)
    return [(one.partition, one.offset) for one in found]


async def test_latest_messages_are_sorted_by_time() -> None:
    assert await read_latest(FakeReader({0: 5, 1: 3}), 4) == [(0, 2), (1, 2), (0, 3), (0, 4)]


async def test_reads_only_as_many_as_needed() -> None:
    reader = FakeReader({0: 5000, 1: 5000})
    assert len(await read_latest(reader, 20)) == 20
    assert reader.read_count == 40


async def test_searches_back_to_the_beginning() -> None:
    reader = FakeReader({0: 5000, 1: 7}, first=300)
    assert await read_latest(reader, 2, lambda one: one.offset == 301) == [(0, 301), (1, 301)]
    assert reader.read_count == 5007
    assert await read_latest(reader, 2, lambda _: False) == []


async def test_returns_nothing_for_count_zero_or_empty_topic() -> None:
    assert await read_latest(FakeReader({0: 5}), 0) == []
    assert await read_latest(FakeReader({0: 0}), 5) == []


async def test_follow_continues_and_finds_new_partitions() -> None:
    reader = FakeReader({0: 5})
    followed = tail(reader)
    await followed.read_latest([("alerts", 0)], 2, lambda *_: None)

    async def partitions() -> list[Partition]:
        return sorted(reader.logs)

    stream = followed.follow(partitions)
    coming = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    assert not coming.done()
    reader.logs["alerts", 0].append(message(5, timestamp=9000))
    reader.logs["night", 1] = [message(0, topic="night", partition=1, timestamp=9001)]
    found = [(one.topic, one.offset) for one in [*await coming, *await anext(stream)]]
    assert found == [("alerts", 5), ("night", 0)]
    assert followed.positions == {("alerts", 0): 6, ("night", 1): 1}


async def test_follow_reads_a_log_again_that_was_cut_short(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reader = FakeReader({0: 5})
    followed = tail(reader)
    await followed.read_latest([("alerts", 0)], 2, lambda *_: None)

    async def partitions() -> list[Partition]:
        return [("alerts", 0)]

    reader.logs["alerts", 0] = [message(0), message(1)]
    assert [one.offset for one in await anext(followed.follow(partitions))] == [0, 1]
    assert "alerts:0 was cut short" in caplog.text

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stampapp.audit.offset_marks import OffsetMarks, PartitionMarks, PublishedTopic, Seen
from stampapp.audit.published import TopicScan
from stampapp.audit.retention import RetentionStart, find_retention_start
from stampapp.audit.unmatched import MAX_CLOCK_SKEW_MS
from stampapp.kafka.message import Partition, TopicPartitionOffset

OUTPUT, SCRIBE, DEAD = PublishedTopic
PARTITION = ("alerts", 0)


def marks() -> OffsetMarks:
    """Ten messages: the last two have output, the one before has a command."""
    found = OffsetMarks({PARTITION: PartitionMarks(0, 10)})
    for offset, mark in ((7, Seen.SCRIBE), (8, Seen.OUTPUT), (9, Seen.OUTPUT)):
        found.mark(TopicPartitionOffset(topic="alerts", partition=0, offset=offset), mark)
    return found


def offsets(first: dict[PublishedTopic, dict[Partition, int]]) -> list[int]:
    return [one.offset for one in RetentionStart(first=first).unmatched_since(marks())]


def test_complete_topics_cover_every_offset() -> None:
    assert offsets({}) == list(range(10))


def test_offsets_before_both_topics_are_not_covered() -> None:
    assert offsets({OUTPUT: {PARTITION: 5}, SCRIBE: {PARTITION: 3}}) == [3, 4, 5, 6, 7, 8, 9]


def test_one_complete_topic_is_enough() -> None:
    assert offsets({OUTPUT: {PARTITION: 10}}) == [0, 1, 2, 3, 4, 5, 6, 8, 9]


def test_incomplete_delivery_depends_on_the_topic_that_lacks_it() -> None:
    assert offsets({OUTPUT: {PARTITION: 8}, SCRIBE: {PARTITION: 9}}) == [9]


class FakeReader:
    """Finds an offset for each time up to `newest`."""

    def __init__(self, newest: int = 100_000 + MAX_CLOCK_SKEW_MS) -> None:
        self.newest = newest

    async def offsets_at_time(
        self, partitions: Iterable[Partition], instant: int
    ) -> dict[Partition, int | None]:
        found = (instant - MAX_CLOCK_SKEW_MS) // 1000 if instant <= self.newest else None
        return dict.fromkeys(partitions, found)


def scans(output: int, scribe: int) -> list[TopicScan]:
    return [
        TopicScan(topic_kind=one, topics=("t",), messages=9, unnamed=0, complete_since=since)
        for one, since in ((OUTPUT, output), (SCRIBE, scribe))
    ]


async def found_by(topics: Any, *since: int) -> Any:
    return (await find_retention_start(topics, marks(), scans(*since))).first


async def test_retention_start_allows_for_clock_skew() -> None:
    assert await found_by(FakeReader(), 4000, 6000) == {
        OUTPUT: {PARTITION: 4},
        SCRIBE: {PARTITION: 6},
    }


async def test_no_offset_is_covered_if_all_are_older() -> None:
    assert await found_by(FakeReader(newest=0), 4000, 0) == {OUTPUT: {PARTITION: 10}}

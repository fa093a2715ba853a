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


def accounts() -> OffsetMarks:
    """Ten messages: of the last two the output is there, of the one before the command."""
    found = OffsetMarks({PARTITION: PartitionMarks(0, 10)})
    for offset, mark in ((7, Seen.SCRIBE), (8, Seen.OUTPUT), (9, Seen.OUTPUT)):
        found.mark(TopicPartitionOffset(topic="alerts", partition=0, offset=offset), mark)
    return found


def offsets(first: dict[PublishedTopic, dict[Partition, int]]) -> list[int]:
    return [place.offset for place in RetentionStart(first=first).unmatched_since(accounts())]


def test_where_everything_is_whole_everything_is_within() -> None:
    assert offsets({}) == list(range(10))


def test_what_neither_could_name_is_not_within() -> None:
    assert offsets({OUTPUT: {PARTITION: 5}, SCRIBE: {PARTITION: 3}}) == [3, 4, 5, 6, 7, 8, 9]


def test_one_that_is_whole_is_enough() -> None:
    assert offsets({OUTPUT: {PARTITION: 10}}) == [0, 1, 2, 3, 4, 5, 6, 8, 9]


def test_half_a_delivery_is_judged_by_the_witness_that_lacks_it() -> None:
    assert offsets({OUTPUT: {PARTITION: 8}, SCRIBE: {PARTITION: 9}}) == [9]


class FakeTopics:
    """Knows the offset of an instant; of what is younger than `newest` none."""

    def __init__(self, newest: int = 100_000 + MAX_CLOCK_SKEW_MS) -> None:
        self.newest = newest

    async def offsets_at_time(
        self, partitions: Iterable[Partition], instant: int
    ) -> dict[Partition, int | None]:
        found = (instant - MAX_CLOCK_SKEW_MS) // 1000 if instant <= self.newest else None
        return dict.fromkeys(partitions, found)


def hearings(output: int, scribe: int) -> list[TopicScan]:
    return [
        TopicScan(topic_kind=one, topics=("t",), messages=9, unnamed=0, complete_since=since)
        for one, since in ((OUTPUT, output), (SCRIBE, scribe))
    ]


async def found_by(topics: Any, *since: int) -> Any:
    return (await find_retention_start(topics, accounts(), hearings(*since))).first


async def test_instants_become_offsets_with_an_allowance_for_clocks() -> None:
    assert await found_by(FakeTopics(), 4000, 6000) == {
        OUTPUT: {PARTITION: 4},
        SCRIBE: {PARTITION: 6},
    }


async def test_where_nothing_is_young_enough_nothing_is_within() -> None:
    assert await found_by(FakeTopics(newest=0), 4000, 0) == {OUTPUT: {PARTITION: 10}}

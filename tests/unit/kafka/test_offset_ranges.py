from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from stampapp.kafka.message import Message, TopicPartitionOffset
from stampapp.kafka.offset_ranges import group_nearby, in_chunks, offsets_by_partition
from tests.support.alerts import message


@given(st.sets(st.integers(0, 200)), st.integers(1, 20), st.integers(1, 10))
def test_groups_are_split_at_large_gaps(offsets: set[int], near: int, longest: int) -> None:
    ordered = sorted(offsets)
    found = list(group_nearby(ordered, near, longest))
    assert [offset for run in found for offset in run] == ordered
    assert all(0 < len(run) <= longest for run in found)
    for run in found:
        assert all(b - a <= near for a, b in pairwise(run))
    for run, following in pairwise(found):
        assert following[0] - run[-1] > near or len(run) == longest


def test_offsets_are_sorted_by_partition() -> None:
    offsets = [("b", 1, 3), ("a", 0, 7), ("b", 1, 2), ("b", 0, 9)]
    found = offsets_by_partition(
        TopicPartitionOffset(topic=t, partition=p, offset=o) for t, p, o in offsets
    )
    assert found == {("b", 1): [2, 3], ("a", 0): [7], ("b", 0): [9]}


async def test_all_chunks_but_the_last_are_full() -> None:
    async def source() -> AsyncIterator[Message]:
        for offset in range(7):
            yield message(offset)

    found = [[one.offset for one in chunk] async for chunk in in_chunks(source(), 3)]
    assert found == [[0, 1, 2], [3, 4, 5], [6]]

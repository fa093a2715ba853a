"""Ranges of offsets, and which offsets to read together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass

from stampapp.kafka.message import Message, Partition, TopicPartitionOffset

# Called with what is being read, the count of further messages, and roughly the total.
ReportProgress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class OffsetRange:
    """Offsets of a partition from `first` up to but excluding `end`; None: to its current end."""

    first: int
    end: int | None = None


def group_nearby(
    offsets: Iterable[int], max_gap: int, max_length: int = 1000
) -> Iterator[list[int]]:
    """Split ascending offsets at gaps that are larger than `max_gap`, and after `max_length`."""
    run: list[int] = []
    for offset in offsets:
        if run and (offset - run[-1] > max_gap or len(run) == max_length):
            yield run
            run = []
        run.append(offset)
    if run:
        yield run


async def in_chunks(messages: AsyncIterator[Message], size: int) -> AsyncIterator[list[Message]]:
    """Yield the messages in lists of up to `size`."""
    chunk: list[Message] = []
    async for message in messages:
        chunk.append(message)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def offsets_by_partition(locations: Iterable[TopicPartitionOffset]) -> dict[Partition, list[int]]:
    """Return the offsets of each partition, ascending."""
    found: dict[Partition, list[int]] = defaultdict(list)
    for location in locations:
        found[location.topic, location.partition].append(location.offset)
    return {partition: sorted(offsets) for partition, offsets in found.items()}

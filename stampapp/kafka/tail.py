"""The latest messages of topics, and those that come after them. No group is joined."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from stampapp.kafka.message import Message, Partition
from stampapp.kafka.offset_ranges import OffsetRange, ReportProgress
from stampapp.kafka.topic_reader import TopicReader

Takes = Callable[[Message], bool]
# Offsets of a partition that are looked through at a time, going back.
_FIRST_STRETCH, _LONGEST_STRETCH = 16, 4096
# How long a topic rests between two looks at its end (seconds).
POLL_INTERVAL = 0.3


class TopicTail:
    """The end of some partitions. `positions` are the offsets from which `follow` goes on."""

    def __init__(self, reader: TopicReader, takes: Takes) -> None:
        self.positions: dict[Partition, int] = {}
        self._reader = reader
        self._takes = takes

    async def read_latest(
        self, partitions: Sequence[Partition], count: int, progress: ReportProgress
    ) -> list[Message]:
        """Return the latest `count` messages that are wanted, by their timestamps.

        It goes back from the ends, in every partition by as many offsets at a time, until there
        are enough: what lies further back is not compared.
        """
        first = await self._reader.first_offsets(partitions)
        edges = await self._reader.end_offsets(partitions)
        self.positions |= edges
        total, length = sum(edges.values()) - sum(first.values()), 0
        found: list[Message] = []
        while len(found) < count and any(edges[at] > first[at] for at in partitions):
            length = min(max(count, _FIRST_STRETCH, 2 * length), _LONGEST_STRETCH)
            begins = {at: max(first[at], edges[at] - length) for at in partitions}
            spans = {
                at: OffsetRange(first=begin, end=edges[at])
                for at, begin in begins.items()
                if begin < edges[at]
            }
            async for messages in self._reader.read_ranges(spans):
                self._note(messages)
                found = _latest(found + [one for one in messages if self._takes(one)], count)
                progress("reading", len(messages), max(1, total))
            edges = begins
        return found

    async def follow(
        self, partitions: Callable[[], Awaitable[Sequence[Partition]]]
    ) -> AsyncIterator[list[Message]]:
        """Yield what comes, as it comes, without end; `partitions` may tell new ones each time."""
        while True:
            wanted = await partitions()
            new = [at for at in wanted if at not in self.positions]
            if new:
                self.positions |= await self._reader.first_offsets(new)
            spans = {at: OffsetRange(first=self.positions[at]) for at in wanted}
            async for messages in self._reader.read_ranges(spans):
                self._note(messages)
                if found := [one for one in messages if self._takes(one)]:
                    yield sorted(found, key=_age)
            await asyncio.sleep(POLL_INTERVAL)

    def _note(self, messages: Sequence[Message]) -> None:
        for one in messages:
            at = (one.topic, one.partition)
            self.positions[at] = max(self.positions[at], one.offset + 1)


def _latest(messages: list[Message], count: int) -> list[Message]:
    return sorted(messages, key=_age)[-count:] if count else []


def _age(message: Message) -> tuple[int, str, int, int]:
    return message.timestamp or 0, message.topic, message.partition, message.offset

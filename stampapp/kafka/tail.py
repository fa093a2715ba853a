"""Read the latest messages of topics, then follow the new ones, without a consumer group."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from stampapp.kafka.message import Message, Partition
from stampapp.kafka.offset_ranges import OffsetRange, ReportProgress
from stampapp.kafka.topic_reader import TopicReader

log = logging.getLogger(__name__)
Accept = Callable[[Message], bool]
# Offsets of a partition to read at a time, going back.
_MIN_STRIDE, _MAX_STRIDE = 16, 4096
# Seconds between two reads of new messages.
POLL_INTERVAL = 0.3


class TopicTail:
    """The end of some partitions; `follow` continues at `positions`."""

    def __init__(self, reader: TopicReader, accept: Accept) -> None:
        self.positions: dict[Partition, int] = {}
        self._reader = reader
        self._accept = accept

    async def read_latest(
        self, partitions: Sequence[Partition], count: int, progress: ReportProgress
    ) -> list[Message]:
        """Return the latest `count` messages that are accepted, in the order of their timestamps.

        Reads all partitions backwards, by the same number of offsets at a time, until there are
        enough. A later timestamp further back is not found.
        """
        first = await self._reader.first_offsets(partitions)
        ends = await self._reader.end_offsets(partitions)
        self.positions |= ends
        total, stride = sum(ends.values()) - sum(first.values()), 0
        found: list[Message] = []
        while len(found) < count and any(ends[at] > first[at] for at in partitions):
            stride = min(max(count, _MIN_STRIDE, 2 * stride), _MAX_STRIDE)
            begins = {at: max(first[at], ends[at] - stride) for at in partitions}
            ranges = {
                at: OffsetRange(first=begin, end=ends[at])
                for at, begin in begins.items()
                if begin < ends[at]
            }
            async for messages in self._reader.read_ranges(ranges):
                self._advance(messages)
                found = _newest(found + [one for one in messages if self._accept(one)], count)
                progress("reading", len(messages), max(1, total))
            ends = begins
        return found

    async def follow(
        self, partitions: Callable[[], Awaitable[Sequence[Partition]]]
    ) -> AsyncIterator[list[Message]]:
        """Yield new messages without end; `partitions` is asked again before each read.

        A log that was cut short, or created again, is read again from its first message.
        """
        cut_short: list[Partition] = []
        while True:
            wanted = await partitions()
            new = [at for at in wanted if at not in self.positions]
            if new:
                self.positions |= await self._reader.first_offsets(new)
            ranges = {at: OffsetRange(first=self.positions[at]) for at in wanted}
            async for messages in self._reader.read_ranges(ranges, cut_short.append):
                self._advance(messages)
                if found := [one for one in messages if self._accept(one)]:
                    yield sorted(found, key=_by_time)
            for at in cut_short:
                log.warning("The log of %s:%d was cut short; it is read again from its start", *at)
            self.positions |= await self._reader.first_offsets(cut_short)
            cut_short.clear()
            await asyncio.sleep(POLL_INTERVAL)

    def _advance(self, messages: Sequence[Message]) -> None:
        for one in messages:
            at = (one.topic, one.partition)
            self.positions[at] = max(self.positions[at], one.offset + 1)


def _newest(messages: list[Message], count: int) -> list[Message]:
    return sorted(messages, key=_by_time)[-count:] if count else []


def _by_time(message: Message) -> tuple[int, str, int, int]:
    return message.timestamp or 0, message.topic, message.partition, message.offset

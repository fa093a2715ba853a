"""Which offsets may be committed: those behind which everything is delivered."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from stampapp.kafka.message import Message, Partition


@dataclass(slots=True)
class _PartitionOffsets:
    """The messages of one partition in the order of their arrival."""

    waiting: deque[int] = field(default_factory=deque)
    settled: set[int] = field(default_factory=set)
    position: int | None = None
    taken: int = 0


class OffsetTracker:
    """Keeps, per partition, how far everything consumed has been confirmed.

    Faust's own bookkeeping acknowledges in a `finally`, and steps over a hole of one message;
    this one advances over a message only once `settle` has named it and all before it.
    """

    def __init__(self) -> None:
        self._partitions: dict[Partition, _PartitionOffsets] = {}
        self._committed: dict[Partition, int] = {}

    def take(self, message: Message) -> None:
        """Note a consumed message, in the order of arrival."""
        partition = (message.topic, message.partition)
        offsets = self._partitions.setdefault(partition, _PartitionOffsets())
        if message.offset < offsets.taken:
            # Kafka has gone back: all from here on comes again, and is to be confirmed again.
            offsets = self._partitions[partition] = _PartitionOffsets()
        offsets.waiting.append(message.offset)
        offsets.taken = message.offset + 1

    def settle(self, messages: Iterable[Message]) -> None:
        """Note messages whose every result is confirmed; those forgotten meanwhile are ignored."""
        for message in messages:
            offsets = self._partitions.get((message.topic, message.partition))
            if offsets:
                offsets.settled.add(message.offset)
        for offsets in self._partitions.values():
            _advance(offsets)

    def committable(self) -> dict[Partition, int]:
        """Return the offset to commit, the next to consume, where it is ahead of the last one."""
        return {
            partition: offsets.position
            for partition, offsets in self._partitions.items()
            if offsets.position is not None
            and offsets.position > self._committed.get(partition, -1)
        }

    def committed(self, committed: dict[Partition, int]) -> None:
        """Note what the broker has accepted."""
        self._committed.update(committed)

    def forget(self) -> None:
        """Forget all partitions: they were revoked, and come back from what is committed."""
        self._partitions.clear()
        self._committed.clear()

    def behind(self, ends: Mapping[Partition, int]) -> int:
        """Return how many offsets lie between what was taken and the ends of these partitions.

        A partition of which nothing was taken yet does not count: its position is not known.
        """
        return sum(
            max(0, end - self._partitions[partition].taken)
            for partition, end in ends.items()
            if partition in self._partitions
        )

    def lags(self, ends: Mapping[Partition, int]) -> dict[Partition, int]:
        """Return how many offsets lie between what is confirmed and the ends of these partitions.

        A partition of which nothing was taken yet is left out: its position is not known.
        """
        return {
            partition: max(0, end - _confirmed(self._partitions[partition]))
            for partition, end in ends.items()
            if partition in self._partitions
        }

    @property
    def open(self) -> int:
        """How many consumed messages are not yet settled."""
        return sum(len(offsets.waiting) for offsets in self._partitions.values())


def _advance(offsets: _PartitionOffsets) -> None:
    while offsets.waiting and offsets.waiting[0] in offsets.settled:
        offset = offsets.waiting.popleft()
        offsets.settled.discard(offset)
        offsets.position = max(offsets.position or 0, offset + 1)


def _confirmed(offsets: _PartitionOffsets) -> int:
    return offsets.waiting[0] if offsets.waiting else offsets.taken

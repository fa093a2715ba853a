"""Which offsets may be committed: those behind which everything is delivered."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from stampapp.kafka.message import Message, Partition


@dataclass(slots=True)
class _PartitionOffsets:
    """The messages of one partition in the order of their arrival."""

    unconfirmed: deque[int] = field(default_factory=deque)
    confirmed: set[int] = field(default_factory=set)
    commit_offset: int | None = None
    next_offset: int = 0


class OffsetTracker:
    """Keeps, per partition, how far everything consumed has been confirmed.

    Faust's own bookkeeping acknowledges in a `finally`, and steps over a hole of one message;
    this one advances over a message only once `confirm` has named it and all before it.
    """

    def __init__(self) -> None:
        self._partitions: dict[Partition, _PartitionOffsets] = {}
        self._committed: dict[Partition, int] = {}

    def add(self, message: Message) -> None:
        """Note a consumed message, in the order of arrival."""
        partition = (message.topic, message.partition)
        offsets = self._partitions.setdefault(partition, _PartitionOffsets())
        if message.offset < offsets.next_offset:
            # Kafka has gone back: all from here on comes again, and is to be confirmed again.
            offsets = self._partitions[partition] = _PartitionOffsets()
        offsets.unconfirmed.append(message.offset)
        offsets.next_offset = message.offset + 1

    def confirm(self, messages: Iterable[Message]) -> None:
        """Note messages whose every result is confirmed; those forgotten meanwhile are ignored."""
        for message in messages:
            offsets = self._partitions.get((message.topic, message.partition))
            if offsets:
                offsets.confirmed.add(message.offset)
        for offsets in self._partitions.values():
            _advance(offsets)

    def committable(self) -> dict[Partition, int]:
        """Return the offset to commit, the next to consume, where it is ahead of the last one."""
        return {
            partition: offsets.commit_offset
            for partition, offsets in self._partitions.items()
            if offsets.commit_offset is not None
            and offsets.commit_offset > self._committed.get(partition, -1)
        }

    def mark_committed(self, committed: dict[Partition, int]) -> None:
        """Note what the broker has accepted."""
        self._committed.update(committed)

    def forget_partitions(self) -> None:
        """Forget all partitions: they were revoked, and come back from what is committed."""
        self._partitions.clear()
        self._committed.clear()

    def not_taken(self, ends: Mapping[Partition, int]) -> int:
        """Return how many offsets lie between what was taken and the ends of these partitions.

        A partition of which nothing was taken yet does not count: its position is not known.
        """
        return sum(
            max(0, end - self._partitions[partition].next_offset)
            for partition, end in ends.items()
            if partition in self._partitions
        )

    def lags(self, ends: Mapping[Partition, int]) -> dict[Partition, int]:
        """Return how many offsets lie between what is confirmed and the ends of these partitions.

        A partition of which nothing was taken yet is left out: its position is not known.
        """
        return {
            partition: max(0, end - _first_unconfirmed(self._partitions[partition]))
            for partition, end in ends.items()
            if partition in self._partitions
        }

    @property
    def unfinished(self) -> int:
        """How many consumed messages are not yet confirmed."""
        return sum(len(offsets.unconfirmed) for offsets in self._partitions.values())


def _advance(offsets: _PartitionOffsets) -> None:
    while offsets.unconfirmed and offsets.unconfirmed[0] in offsets.confirmed:
        offset = offsets.unconfirmed.popleft()
        offsets.confirmed.discard(offset)
        offsets.commit_offset = max(offsets.commit_offset or 0, offset + 1)


def _first_unconfirmed(offsets: _PartitionOffsets) -> int:
    return offsets.unconfirmed[0] if offsets.unconfirmed else offsets.next_offset

"""Which offsets may be committed: those behind which everything is delivered."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from stampapp.kafka.message import Message, Partition


@dataclass(slots=True)
class _Line:
    """The messages of one partition in the order of their arrival."""

    waiting: deque[int] = field(default_factory=deque)
    settled: set[int] = field(default_factory=set)
    position: int | None = None
    taken: int = 0


class Ledger:
    """Keeps, per partition, how far everything consumed has been confirmed.

    Faust's own bookkeeping acknowledges in a `finally`, and steps over a hole of one message;
    this one advances over a message only once `settle` has named it and all before it.
    """

    def __init__(self) -> None:
        self._lines: dict[Partition, _Line] = {}
        self._committed: dict[Partition, int] = {}

    def take(self, message: Message) -> None:
        """Note a consumed message, in the order of arrival."""
        partition = (message.topic, message.partition)
        line = self._lines.setdefault(partition, _Line())
        if message.offset < line.taken:
            # Kafka has gone back: all from here on comes again, and is to be confirmed again.
            line = self._lines[partition] = _Line()
        line.waiting.append(message.offset)
        line.taken = message.offset + 1

    def settle(self, messages: Iterable[Message]) -> None:
        """Note messages whose every result is confirmed; those forgotten meanwhile are ignored."""
        for message in messages:
            line = self._lines.get((message.topic, message.partition))
            if line:
                line.settled.add(message.offset)
        for line in self._lines.values():
            _advance(line)

    def committable(self) -> dict[Partition, int]:
        """Return the offset to commit, the next to consume, where it is ahead of the last one."""
        return {
            partition: line.position
            for partition, line in self._lines.items()
            if line.position is not None and line.position > self._committed.get(partition, -1)
        }

    def committed(self, offsets: dict[Partition, int]) -> None:
        """Note what the broker has accepted."""
        self._committed.update(offsets)

    def forget(self) -> None:
        """Forget all partitions: they were revoked, and come back from what is committed."""
        self._lines.clear()
        self._committed.clear()

    def behind(self, ends: Mapping[Partition, int]) -> int:
        """Return how many offsets lie between what was taken and the ends of these partitions.

        A partition of which nothing was taken yet does not count: its position is not known.
        """
        return sum(
            max(0, end - self._lines[partition].taken)
            for partition, end in ends.items()
            if partition in self._lines
        )

    def lags(self, ends: Mapping[Partition, int]) -> dict[Partition, int]:
        """Return how many offsets lie between what is confirmed and the ends of these partitions.

        A partition of which nothing was taken yet is left out: its position is not known.
        """
        return {
            partition: max(0, end - _confirmed(self._lines[partition]))
            for partition, end in ends.items()
            if partition in self._lines
        }

    @property
    def open(self) -> int:
        """How many consumed messages are not yet settled."""
        return sum(len(line.waiting) for line in self._lines.values())


def _advance(line: _Line) -> None:
    while line.waiting and line.waiting[0] in line.settled:
        offset = line.waiting.popleft()
        line.settled.discard(offset)
        line.position = max(line.position or 0, offset + 1)


def _confirmed(line: _Line) -> int:
    return line.waiting[0] if line.waiting else line.taken

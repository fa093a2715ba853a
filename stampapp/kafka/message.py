"""A consumed Kafka message and its offset."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicPartitionOffset:
    """The offset of a message; written `topic:partition:offset`."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A consumed Kafka message, unchanged. `timestamp` in ms since 1970 (UTC)."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int | None
    headers: Headers = ()

    @property
    def location(self) -> TopicPartitionOffset:
        """The offset of this message."""
        return TopicPartitionOffset(topic=self.topic, partition=self.partition, offset=self.offset)


Partition = tuple[str, int]


def consumed_size(message: Message) -> int:
    """Return the bytes of a message: value, key and headers."""
    size = len(message.value or b"") + len(message.key or b"")
    if message.headers:
        size += sum(len(name) + len(value or b"") for name, value in message.headers)
    return size


def describe_partitions(partitions: Iterable[Partition]) -> str:
    """Return partitions by topic, as `alerts (partitions 0-3, 7)`."""
    by_topic = groupby(sorted(partitions), key=lambda one: one[0])
    texts = [
        f"{topic} (partitions {_ranges([number for _, number in group])})"
        for topic, group in by_topic
    ]
    return ", ".join(texts) or "no partitions"


def _ranges(numbers: Iterable[int]) -> str:
    """Return ascending numbers with their runs shortened, as `0-3, 7`."""
    # A number minus its position is the same throughout a run.
    runs = groupby(enumerate(numbers), key=lambda one: one[1] - one[0])
    spans = [[number for _, number in run] for _, run in runs]
    return ", ".join(f"{one[0]}-{one[-1]}" if len(one) > 1 else f"{one[0]}" for one in spans)

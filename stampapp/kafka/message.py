"""A consumed Kafka message and its offset."""

from __future__ import annotations

from dataclasses import dataclass

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

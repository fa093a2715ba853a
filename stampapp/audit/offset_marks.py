"""Record for each consumed offset, in one byte, which published messages name it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from enum import IntFlag, StrEnum

from stampapp.kafka.message import Partition, TopicPartitionOffset
from stampapp.results.outcome import OutcomeKind
from stampapp.results.provenance import Provenance


class PublishedTopic(StrEnum):
    """The kinds of topics whose messages name consumed offsets."""

    OUTPUT = "output"
    SCRIBE = "scribe"
    DEAD_LETTERS = "dead letters"


class Seen(IntFlag):
    """Where an offset is named, and as what."""

    OUTPUT = 1
    SCRIBE = 2
    DEAD_LETTER = 4
    RULED_OUT = 8
    SUPERSEDED_IN_OUTPUT = 16
    SUPERSEDED_IN_SCRIBE = 32
    SUPERSEDED_BY_DEAD_LETTER = 64
    NO_MESSAGE = 128


# Plain numbers: enum arithmetic would take longer than everything else per message.
_AS_SOURCE = {
    PublishedTopic.OUTPUT: int(Seen.OUTPUT),
    PublishedTopic.SCRIBE: int(Seen.SCRIBE),
    PublishedTopic.DEAD_LETTERS: int(Seen.DEAD_LETTER),
}
_AS_SUPERSEDED = {
    PublishedTopic.OUTPUT: int(Seen.SUPERSEDED_IN_OUTPUT),
    PublishedTopic.SCRIBE: int(Seen.SUPERSEDED_IN_SCRIBE),
    PublishedTopic.DEAD_LETTERS: int(Seen.SUPERSEDED_BY_DEAD_LETTER),
}
PUBLISHED = Seen.OUTPUT | Seen.SCRIBE
OBJECT_PUBLISHED = Seen.SUPERSEDED_IN_OUTPUT | Seen.SUPERSEDED_IN_SCRIBE


def outcome_kind(seen: Seen) -> OutcomeKind | None:
    """Return the outcome that the marks prove, None if they prove none.

    A classified message must be in both output and scribe; one alone is an incomplete delivery.
    """
    if seen & PUBLISHED == PUBLISHED:
        return OutcomeKind.CLASSIFIED
    if seen & Seen.DEAD_LETTER:
        return OutcomeKind.DEAD_LETTERED
    if seen & OBJECT_PUBLISHED == OBJECT_PUBLISHED or seen & Seen.SUPERSEDED_BY_DEAD_LETTER:
        return OutcomeKind.SUPERSEDED
    return OutcomeKind.RULED_OUT if seen & Seen.RULED_OUT else None


def missing_from(seen: Seen) -> tuple[PublishedTopic, ...]:
    """Return which of output and scribe do not name the offset."""
    in_output = seen & (Seen.OUTPUT | Seen.SUPERSEDED_IN_OUTPUT)
    in_scribe = seen & (Seen.SCRIBE | Seen.SUPERSEDED_IN_SCRIBE)
    return (
        *(() if in_output else (PublishedTopic.OUTPUT,)),
        *(() if in_scribe else (PublishedTopic.SCRIBE,)),
    )


_UNMATCHED, _NO_MESSAGE = 0, 255
_CODES = {found: code for code, found in enumerate(OutcomeKind, 1)}


def _code(seen: int) -> int:
    found = outcome_kind(Seen(seen))
    if found:
        return _CODES[found]
    return _NO_MESSAGE if seen & Seen.NO_MESSAGE else _UNMATCHED


_TABLE = bytes(_code(seen) for seen in range(256))


class PartitionMarks:
    """The marks of one partition, from offset `first` up to but excluding `end`."""

    def __init__(self, first: int, end: int) -> None:
        self.first, self.end = first, max(first, end)
        self._marks = bytearray(self.end - self.first)

    def __contains__(self, offset: int) -> bool:
        return self.first <= offset < self.end

    def __getitem__(self, offset: int) -> Seen:
        return Seen(self._marks[offset - self.first])

    def mark(self, offset: int, mark: int) -> bool:
        """Set a mark; return whether it was set before."""
        before = self._marks[offset - self.first]
        self._marks[offset - self.first] = before | mark
        return bool(before & mark)

    def count_outcomes(self) -> Counter[OutcomeKind]:
        """Count the offsets with each proven outcome."""
        codes = self._marks.translate(_TABLE)
        return Counter({found: codes.count(code) for found, code in _CODES.items()})

    def count_messages(self) -> int:
        """Count the offsets that are messages, as far as is known."""
        return len(self._marks) - self._marks.translate(_TABLE).count(_NO_MESSAGE)

    def unmatched_offsets(self) -> Iterator[int]:
        """Yield the offsets without a proven outcome."""
        codes = self._marks.translate(_TABLE)
        for run in re.finditer(b"\0+", codes):
            yield from range(self.first + run.start(), self.first + run.end())


class OffsetMarks:
    """The marks of all partitions, and how many messages were published again (`repeats`)."""

    def __init__(self, by_partition: Mapping[Partition, PartitionMarks]) -> None:
        self.by_partition = by_partition
        self.repeats = dict.fromkeys(PublishedTopic, 0)

    def add_provenance(self, provenance: Provenance, topic_kind: PublishedTopic) -> None:
        """Mark the offsets that a published message names."""
        if self.mark(provenance.source, _AS_SOURCE[topic_kind]):
            self.repeats[topic_kind] += 1
        for location in provenance.superseded:
            self.mark(location, _AS_SUPERSEDED[topic_kind])
        for location in provenance.ruled_out:
            self.mark(location, Seen.RULED_OUT)

    def count_outcomes(self) -> dict[OutcomeKind, int]:
        """Count the messages with each proven outcome."""
        total = Counter[OutcomeKind]()
        for partition_marks in self.by_partition.values():
            total.update(partition_marks.count_outcomes())
        return {found: total[found] for found in OutcomeKind}

    def count_messages(self) -> int:
        """Count the messages to check."""
        return sum(
            partition_marks.count_messages() for partition_marks in self.by_partition.values()
        )

    def unmatched(self) -> Iterator[TopicPartitionOffset]:
        """Yield the offsets without a proven outcome, partition by partition."""
        for (topic, partition), partition_marks in self.by_partition.items():
            for offset in partition_marks.unmatched_offsets():
                yield TopicPartitionOffset(topic=topic, partition=partition, offset=offset)

    def seen_at(self, location: TopicPartitionOffset) -> Seen:
        """Return the marks of a consumed offset."""
        return self.by_partition[location.topic, location.partition][location.offset]

    def mark(self, location: TopicPartitionOffset, mark: int) -> bool:
        """Set a mark, if the offset is to be checked; return whether it was set before."""
        partition_marks = self.by_partition.get((location.topic, location.partition))
        return (
            partition_marks is not None
            and location.offset in partition_marks
            and partition_marks.mark(location.offset, mark)
        )

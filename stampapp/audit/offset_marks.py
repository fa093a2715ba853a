"""What became of every consumed offset, by the evidence in the topics. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from enum import IntFlag, StrEnum

from stampapp.kafka.message import Partition, TopicPartitionOffset
from stampapp.results.outcome import OutcomeKind
from stampapp.results.provenance import Provenance


class Witness(StrEnum):
    """The kinds of topics that give evidence."""

    OUTPUT = "output"
    SCRIBE = "scribe"
    DEAD_LETTERS = "dead letters"


class Mark(IntFlag):
    """What is known of an offset: where it is named, and as what."""

    OUTPUT = 1
    SCRIBE = 2
    DEAD_LETTER = 4
    RULED_OUT = 8
    SUPERSEDED_IN_OUTPUT = 16
    SUPERSEDED_IN_SCRIBE = 32
    SUPERSEDED_BY_DEAD_LETTER = 64
    NO_MESSAGE = 128


# As plain numbers: an enum's own arithmetic takes longer than all the rest of a message.
_AS_SOURCE = {
    Witness.OUTPUT: int(Mark.OUTPUT),
    Witness.SCRIBE: int(Mark.SCRIBE),
    Witness.DEAD_LETTERS: int(Mark.DEAD_LETTER),
}
_AS_SUPERSEDED = {
    Witness.OUTPUT: int(Mark.SUPERSEDED_IN_OUTPUT),
    Witness.SCRIBE: int(Mark.SUPERSEDED_IN_SCRIBE),
    Witness.DEAD_LETTERS: int(Mark.SUPERSEDED_BY_DEAD_LETTER),
}
PUBLISHED = Mark.OUTPUT | Mark.SCRIBE
_OBJECT_PUBLISHED = Mark.SUPERSEDED_IN_OUTPUT | Mark.SUPERSEDED_IN_SCRIBE


def outcome_kind(marks: Mark) -> OutcomeKind | None:
    """Return the outcome that the marks prove, None where they prove none.

    What is published must be in the output and in the scribe; either alone is half a delivery.
    """
    if marks & PUBLISHED == PUBLISHED:
        return OutcomeKind.CLASSIFIED
    if marks & Mark.DEAD_LETTER:
        return OutcomeKind.DEAD_LETTERED
    if marks & _OBJECT_PUBLISHED == _OBJECT_PUBLISHED or marks & Mark.SUPERSEDED_BY_DEAD_LETTER:
        return OutcomeKind.SUPERSEDED
    return OutcomeKind.RULED_OUT if marks & Mark.RULED_OUT else None


def lacks(marks: Mark) -> tuple[Witness, ...]:
    """Return which of output and scribe do not name an offset that is not accounted for."""
    in_output = marks & (Mark.OUTPUT | Mark.SUPERSEDED_IN_OUTPUT)
    in_scribe = marks & (Mark.SCRIBE | Mark.SUPERSEDED_IN_SCRIBE)
    return (*(() if in_output else (Witness.OUTPUT,)), *(() if in_scribe else (Witness.SCRIBE,)))


_OPEN, _NO_MESSAGE = 0, 255
_CODES = {found: code for code, found in enumerate(OutcomeKind, 1)}


def _code(marks: int) -> int:
    found = outcome_kind(Mark(marks))
    if found:
        return _CODES[found]
    return _NO_MESSAGE if marks & Mark.NO_MESSAGE else _OPEN


_TABLE = bytes(_code(marks) for marks in range(256))


class Account:
    """The consumed offsets of one partition, from `first` up to, without, `end`: a byte each."""

    def __init__(self, first: int, end: int) -> None:
        self.first, self.end = first, max(first, end)
        self._marks = bytearray(self.end - self.first)

    def __contains__(self, offset: int) -> bool:
        return self.first <= offset < self.end

    def __getitem__(self, offset: int) -> Mark:
        return Mark(self._marks[offset - self.first])

    def mark(self, offset: int, mark: int) -> bool:
        """Note a mark; tell whether it had been noted before."""
        before = self._marks[offset - self.first]
        self._marks[offset - self.first] = before | mark
        return bool(before & mark)

    def counts(self) -> Counter[OutcomeKind]:
        """Return how many offsets are proven to have each outcome."""
        codes = self._marks.translate(_TABLE)
        return Counter({found: codes.count(code) for found, code in _CODES.items()})

    def messages(self) -> int:
        """Return how many of the offsets are messages, as far as is known."""
        return len(self._marks) - self._marks.translate(_TABLE).count(_NO_MESSAGE)

    def leftovers(self) -> Iterator[int]:
        """Yield the offsets that nothing accounts for."""
        codes = self._marks.translate(_TABLE)
        for run in re.finditer(b"\0+", codes):
            yield from range(self.first + run.start(), self.first + run.end())


class Accounts:
    """The accounts of every partition, and how often something was published again."""

    def __init__(self, by_partition: Mapping[Partition, Account]) -> None:
        self.by_partition = by_partition
        self.repeats = dict.fromkeys(Witness, 0)

    def hear(self, testimony: Provenance, witness: Witness) -> None:
        """Note whom a published message names."""
        if self.mark(testimony.source, _AS_SOURCE[witness]):
            self.repeats[witness] += 1
        for place in testimony.superseded:
            self.mark(place, _AS_SUPERSEDED[witness])
        for place in testimony.ruled_out:
            self.mark(place, Mark.RULED_OUT)

    def counts(self) -> dict[OutcomeKind, int]:
        """Return how many messages are proven to have each outcome."""
        total = Counter[OutcomeKind]()
        for account in self.by_partition.values():
            total.update(account.counts())
        return {found: total[found] for found in OutcomeKind}

    def messages(self) -> int:
        """Return how many messages are in question."""
        return sum(account.messages() for account in self.by_partition.values())

    def leftovers(self) -> Iterator[TopicPartitionOffset]:
        """Yield what nothing accounts for, in the order of the partitions."""
        for (topic, partition), account in self.by_partition.items():
            for offset in account.leftovers():
                yield TopicPartitionOffset(topic=topic, partition=partition, offset=offset)

    def marks(self, place: TopicPartitionOffset) -> Mark:
        """Return what is known of a consumed message."""
        return self.by_partition[place.topic, place.partition][place.offset]

    def mark(self, place: TopicPartitionOffset, mark: int) -> bool:
        """Note a mark, if the place is in question; tell whether it had been noted before."""
        account = self.by_partition.get((place.topic, place.partition))
        return account is not None and place.offset in account and account.mark(place.offset, mark)

"""Select dead letters, and find out which were replayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from stampapp import times
from stampapp.deadletters.record import (
    DeadLetter,
    ReplayMark,
    all_names,
    read_dead_letter,
    read_replay_mark,
)
from stampapp.kafka.message import Message, TopicPartitionOffset


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetterFilter:
    """Conditions that a dead letter must meet; empty or None means no condition.

    A place is `partition:offset` of the dead letter, or `topic:partition:offset` of the original
    message.
    """

    causes: Collection[str] = ()
    begin: datetime | None = None
    end: datetime | None = None
    places: Collection[str] = ()

    def matches(self, letter: DeadLetter) -> bool:
        """Return whether a dead letter meets all conditions."""
        if self.causes and letter.cause not in self.causes:
            return False
        if self.begin and letter.timestamp < times.to_unix_ms(self.begin):
            return False
        if self.end and letter.timestamp >= times.to_unix_ms(self.end):
            return False
        return not self.places or not all_names(letter).isdisjoint(self.places)


class DeadLetterIndex:
    """The dead letters that a filter selects, without their values, and all replay marks."""

    def __init__(self, wanted: DeadLetterFilter) -> None:
        self.letters: list[DeadLetter] = []
        # By original message: if it was consumed twice, it may have two dead letters.
        self.marks: dict[TopicPartitionOffset, ReplayMark] = {}
        # Whether the topic does not exist or is hidden from us: a cluster does not say which.
        self.topic_missing = False
        self._wanted = wanted

    def add(self, message: Message) -> None:
        """Add a message of the dead-letter topic, if it is a mark or a selected dead letter."""
        if mark := read_replay_mark(message.headers):
            self.marks[mark.source] = mark
        elif (letter := read_dead_letter(message)) and self._wanted.matches(letter):
            self.letters.append(letter)

    def replayable(self, *, again: bool) -> list[DeadLetter]:
        """Return the dead letters to replay, one per original message.

        Without `again`, leave out those that were replayed and those that came from a replay. With
        it, take the last dead letter of a message that failed again after a replay.
        """
        once = {one.source: one for one in self.letters}
        followed = {one.replay_of for one in self.letters}
        last = [one for one in once.values() if one.location not in followed]
        return [one for one in last if again or not (one.source in self.marks or one.replay_of)]

    def counts_by_cause(self) -> dict[str, tuple[int, int]]:
        """Return the numbers of dead letters and of replayed ones by cause."""
        every = Counter(one.cause for one in self.letters)
        replayed = Counter(one.cause for one in self.letters if one.source in self.marks)
        return {cause: (count, replayed[cause]) for cause, count in sorted(every.items())}

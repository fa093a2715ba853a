"""Which dead letters are meant, and which have been replayed."""

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
    """Which dead letters are meant; what is empty or None leaves it open.

    A place is that of a dead letter, `partition:offset`, or of its source,
    `topic:partition:offset`.
    """

    causes: Collection[str] = ()
    begin: datetime | None = None
    end: datetime | None = None
    places: Collection[str] = ()

    def matches(self, letter: DeadLetter) -> bool:
        """Tell whether a dead letter is meant."""
        if self.causes and letter.cause not in self.causes:
            return False
        if self.begin and letter.timestamp < times.to_unix_ms(self.begin):
            return False
        if self.end and letter.timestamp >= times.to_unix_ms(self.end):
            return False
        return not self.places or not all_names(letter).isdisjoint(self.places)


class DeadLetterIndex:
    """The dead letters that are meant, without their bytes, and the marks of all replays."""

    def __init__(self, wanted: DeadLetterFilter) -> None:
        self.letters: list[DeadLetter] = []
        # By the place of the source: a message that was consumed twice may have two dead letters.
        self.marks: dict[TopicPartitionOffset, ReplayMark] = {}
        # Whether there is no such topic, or none that we may see: a cluster does not say which.
        self.topic_missing = False
        self._wanted = wanted

    def add(self, message: Message) -> None:
        """Take in a message of the dead-letter topic."""
        if mark := read_replay_mark(message.headers):
            self.marks[mark.source] = mark
        elif (letter := read_dead_letter(message)) and self._wanted.matches(letter):
            self.letters.append(letter)

    def replayable(self, *, again: bool) -> list[DeadLetter]:
        """Return what a replay takes, each message once, in the order of the dead letters.

        Without `again`, not what was replayed already, nor what has come back dead from a replay;
        with it, of a message that has come back only the last dead letter.
        """
        once = {one.source: one for one in self.letters}
        followed = {one.replay_of for one in self.letters}
        last = [one for one in once.values() if one.location not in followed]
        return [one for one in last if again or not (one.source in self.marks or one.replay_of)]

    def counts_by_cause(self) -> dict[str, tuple[int, int]]:
        """Return, by cause, how many dead letters there are, and how many were replayed."""
        every = Counter(one.cause for one in self.letters)
        replayed = Counter(one.cause for one in self.letters if one.source in self.marks)
        return {cause: (count, replayed[cause]) for cause, count in sorted(every.items())}

"""Dead letters as their topic holds them, and the marks of those that were replayed. Pure.

A replay is marked by a message of its own in the same topic, since nothing there can be changed:
the key of the dead letter, no value, and headers that say which one, when, and where it went.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from stampapp import times
from stampapp.alerts.alert import Headers, Message, Place
from stampapp.results import provenance

# On the message that is put back as on its mark: the dead letter that it comes from.
REPLAY_OF = "replayed.of"
REPLAYED_SOURCE, REPLAYED_AS, REPLAYED_AT = "replayed.source", "replayed.as", "replayed.at"


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """A dead letter without its bytes.

    `instant` is the message's own (ms since 1970); `replay_of` is the dead letter of which this
    message was a replay.
    """

    place: Place
    instant: int
    cause: str
    reason: str
    source: Place
    replay_of: Place | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """That a message was put back on its topic: `source` the old place, `to` the new one.

    `of` is the dead letter that it was taken from, `at` the instant in ISO 8601.
    """

    source: Place
    of: Place
    to: Place
    at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Which dead letters are meant; what is empty or None leaves it open.

    A place is that of a dead letter, `partition:offset`, or of its source,
    `topic:partition:offset`.
    """

    causes: Collection[str] = ()
    begin: datetime | None = None
    end: datetime | None = None
    places: Collection[str] = ()

    def takes(self, letter: DeadLetter) -> bool:
        """Tell whether a dead letter is meant."""
        if self.causes and letter.cause not in self.causes:
            return False
        if self.begin and letter.instant < times.ms(self.begin):
            return False
        if self.end and letter.instant >= times.ms(self.end):
            return False
        return not self.places or not names(letter).isdisjoint(self.places)


class Register:
    """The dead letters that are meant, without their bytes, and the marks of all replays."""

    def __init__(self, choice: Choice) -> None:
        self.letters: list[DeadLetter] = []
        # By the place of the source: a message that was consumed twice may have two dead letters.
        self.marks: dict[Place, Mark] = {}
        # Whether there is no such topic, or none that we may see: a cluster does not say which.
        self.unseen = False
        self._choice = choice

    def note(self, message: Message) -> None:
        """Take in a message of the dead-letter topic."""
        if mark := read_mark(message.headers):
            self.marks[mark.source] = mark
        elif (letter := read(message)) and self._choice.takes(letter):
            self.letters.append(letter)

    def replayable(self, *, again: bool) -> list[DeadLetter]:
        """Return what a replay takes, each message once, in the order of the dead letters.

        Without `again`, not what was replayed already, nor what has come back dead from a replay;
        with it, of a message that has come back only the last dead letter.
        """
        once = {one.source: one for one in self.letters}
        followed = {one.replay_of for one in self.letters}
        last = [one for one in once.values() if one.place not in followed]
        return [one for one in last if again or not (one.source in self.marks or one.replay_of)]

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return, by cause, how many dead letters there are, and how many were replayed."""
        every = Counter(one.cause for one in self.letters)
        replayed = Counter(one.cause for one in self.letters if one.source in self.marks)
        return {cause: (count, replayed[cause]) for cause, count in sorted(every.items())}


def name(letter: DeadLetter) -> str:
    """Return how a person names a dead letter: `partition:offset`."""
    return f"{letter.place.partition}:{letter.place.offset}"


def names(letter: DeadLetter) -> set[str]:
    """Return its own name and that of its source, `topic:partition:offset`."""
    return {name(letter), str(letter.source)}


def read(message: Message) -> DeadLetter | None:
    """Return a dead letter, or None where the message is none of ours."""
    own, ours = provenance.divided(message.headers)
    testimony = provenance.read(ours)
    if testimony is None:
        return None
    told = dict(ours)
    return DeadLetter(
        place=message.place,
        instant=_instant(told.get(provenance.TIMESTAMP)) or message.timestamp or 0,
        cause=told[provenance.CAUSE].decode("utf-8", "replace"),
        reason=told.get("error.message", b"").decode("utf-8", "replace"),
        source=testimony.source,
        replay_of=_place(dict(own).get(REPLAY_OF)),
    )


def _instant(text: bytes | None) -> int | None:
    try:
        return int(text or b"")
    except ValueError:
        return None


def put_back_headers(message: Message) -> Headers:
    """Return the headers of a message that is put back: its own, and whose replay it is."""
    own, _ = provenance.divided(message.headers)
    kept = tuple(one for one in own if one[0] != REPLAY_OF)
    return (*kept, (REPLAY_OF, str(message.place).encode()))


def mark_headers(mark: Mark) -> Headers:
    """Return the headers of the message that marks a replay."""
    return (
        (REPLAY_OF, str(mark.of).encode()),
        (REPLAYED_SOURCE, str(mark.source).encode()),
        (REPLAYED_AS, str(mark.to).encode()),
        (REPLAYED_AT, mark.at.encode()),
    )


def read_mark(headers: Headers) -> Mark | None:
    """Return the mark of a replay, or None where the message is none."""
    told = dict(headers)
    of, source, to = (_place(told.get(key)) for key in (REPLAY_OF, REPLAYED_SOURCE, REPLAYED_AS))
    if not (of and source and to and provenance.CAUSE not in told):
        return None
    return Mark(
        of=of, source=source, to=to, at=(told.get(REPLAYED_AT) or b"").decode("utf-8", "replace")
    )


def _place(text: bytes | None) -> Place | None:
    try:
        topic, partition, offset = str(text or b"", "utf-8").split(":")
        return Place(topic=topic, partition=int(partition), offset=int(offset))
    except ValueError:
        return None

"""Dead letters as their topic holds them, and the marks of those that were replayed. Pure.

A replay is marked by a message of its own in the same topic, since nothing there can be changed:
the key of the dead letter, no value, and headers that say which one, when, and where it went.
"""

from __future__ import annotations

from dataclasses import dataclass

from stampapp.kafka.message import Headers, Message, TopicPartitionOffset
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

    place: TopicPartitionOffset
    instant: int
    cause: str
    reason: str
    source: TopicPartitionOffset
    replay_of: TopicPartitionOffset | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayMark:
    """That a message was put back on its topic: `source` the old place, `to` the new one.

    `of` is the dead letter that it was taken from, `at` the instant in ISO 8601.
    """

    source: TopicPartitionOffset
    of: TopicPartitionOffset
    to: TopicPartitionOffset
    at: str


def short_name(letter: DeadLetter) -> str:
    """Return how a person names a dead letter: `partition:offset`."""
    return f"{letter.place.partition}:{letter.place.offset}"


def all_names(letter: DeadLetter) -> set[str]:
    """Return its own name and that of its source, `topic:partition:offset`."""
    return {short_name(letter), str(letter.source)}


def read_dead_letter(message: Message) -> DeadLetter | None:
    """Return a dead letter, or None where the message is none of ours."""
    own, ours = provenance.split_headers(message.headers)
    testimony = provenance.read_provenance(ours)
    if testimony is None:
        return None
    told = dict(ours)
    return DeadLetter(
        place=message.location,
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


def replayed_headers(message: Message) -> Headers:
    """Return the headers of a message that is put back: its own, and whose replay it is."""
    own, _ = provenance.split_headers(message.headers)
    kept = tuple(one for one in own if one[0] != REPLAY_OF)
    return (*kept, (REPLAY_OF, str(message.location).encode()))


def replay_mark_headers(mark: ReplayMark) -> Headers:
    """Return the headers of the message that marks a replay."""
    return (
        (REPLAY_OF, str(mark.of).encode()),
        (REPLAYED_SOURCE, str(mark.source).encode()),
        (REPLAYED_AS, str(mark.to).encode()),
        (REPLAYED_AT, mark.at.encode()),
    )


def read_replay_mark(headers: Headers) -> ReplayMark | None:
    """Return the mark of a replay, or None where the message is none."""
    told = dict(headers)
    of, source, to = (_place(told.get(key)) for key in (REPLAY_OF, REPLAYED_SOURCE, REPLAYED_AS))
    if not (of and source and to and provenance.CAUSE not in told):
        return None
    return ReplayMark(
        of=of, source=source, to=to, at=(told.get(REPLAYED_AT) or b"").decode("utf-8", "replace")
    )


def _place(text: bytes | None) -> TopicPartitionOffset | None:
    try:
        topic, partition, offset = str(text or b"", "utf-8").split(":")
        return TopicPartitionOffset(topic=topic, partition=int(partition), offset=int(offset))
    except ValueError:
        return None

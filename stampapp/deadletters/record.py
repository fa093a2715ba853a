"""Dead letters and replay marks, read from the headers of messages.

Messages in a topic cannot be changed, so a replay is recorded by another message in the dead-letter
topic, the mark: it has the key of the dead letter, an empty value, and the headers below.
"""

from __future__ import annotations

from dataclasses import dataclass

from stampapp.kafka.message import Headers, Message, TopicPartitionOffset
from stampapp.results import provenance

# On a replayed message and on its mark: the location of the dead letter.
REPLAY_OF = "replayed.of"
REPLAYED_SOURCE, REPLAYED_AS, REPLAYED_AT = "replayed.source", "replayed.as", "replayed.at"


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """A dead letter without its value.

    `timestamp` is that of the original message (ms since 1970). `replay_of` is an earlier dead
    letter, if this message was a replay of it.
    """

    location: TopicPartitionOffset
    timestamp: int
    cause: str
    reason: str
    source: TopicPartitionOffset
    replay_of: TopicPartitionOffset | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayMark:
    """A record that a dead letter was replayed.

    `source` is the location of the original message, `replayed_as` that of the new one;
    `replayed_at` is in ISO 8601.
    """

    source: TopicPartitionOffset
    dead_letter: TopicPartitionOffset
    replayed_as: TopicPartitionOffset
    replayed_at: str


def short_name(letter: DeadLetter) -> str:
    """Return the name that people use: `partition:offset` in the dead-letter topic."""
    return f"{letter.location.partition}:{letter.location.offset}"


def all_names(letter: DeadLetter) -> set[str]:
    """Return the short name, and `topic:partition:offset` of the original message."""
    return {short_name(letter), str(letter.source)}


def read_dead_letter(message: Message) -> DeadLetter | None:
    """Return the dead letter in a message, or None if stampapp did not write it."""
    own, ours = provenance.split_headers(message.headers)
    origin = provenance.read_provenance(ours)
    if origin is None:
        return None
    values = dict(ours)
    return DeadLetter(
        location=message.location,
        timestamp=_parse_int(values.get(provenance.TIMESTAMP)) or message.timestamp or 0,
        cause=values[provenance.CAUSE].decode("utf-8", "replace"),
        reason=values.get("error.message", b"").decode("utf-8", "replace"),
        source=origin.source,
        replay_of=_parse_location(dict(own).get(REPLAY_OF)),
    )


def _parse_int(text: bytes | None) -> int | None:
    try:
        return int(text or b"")
    except ValueError:
        return None


def replayed_headers(message: Message) -> Headers:
    """Return the headers of the replayed message: its own, and the dead letter it comes from."""
    own, _ = provenance.split_headers(message.headers)
    kept = tuple(one for one in own if one[0] != REPLAY_OF)
    return (*kept, (REPLAY_OF, str(message.location).encode()))


def replay_mark_headers(mark: ReplayMark) -> Headers:
    """Return the headers of a replay mark."""
    return (
        (REPLAY_OF, str(mark.dead_letter).encode()),
        (REPLAYED_SOURCE, str(mark.source).encode()),
        (REPLAYED_AS, str(mark.replayed_as).encode()),
        (REPLAYED_AT, mark.replayed_at.encode()),
    )


def read_replay_mark(headers: Headers) -> ReplayMark | None:
    """Return the replay mark in these headers, or None if there is none."""
    values = dict(headers)
    dead_letter, source, replayed_as = (
        _parse_location(values.get(key)) for key in (REPLAY_OF, REPLAYED_SOURCE, REPLAYED_AS)
    )
    if not (dead_letter and source and replayed_as and provenance.CAUSE not in values):
        return None
    return ReplayMark(
        dead_letter=dead_letter,
        source=source,
        replayed_as=replayed_as,
        replayed_at=(values.get(REPLAYED_AT) or b"").decode("utf-8", "replace"),
    )


def _parse_location(text: bytes | None) -> TopicPartitionOffset | None:
    try:
        topic, partition, offset = str(text or b"", "utf-8").split(":")
        return TopicPartitionOffset(topic=topic, partition=int(partition), offset=int(offset))
    except ValueError:
        return None

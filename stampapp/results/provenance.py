"""Headers that name the consumed messages for which a published message accounts.

`reconcile` relies on them: a consumed message that no published message names is missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from stampapp.kafka.message import Headers, Message, TopicPartitionOffset
from stampapp.results.outcome import Outcome, OutcomeKind

GROUP, TOPIC = "source.group", "source.topic"
PARTITION, OFFSET = "source.partition", "source.offset"
# The timestamp of the original message (ms since 1970), if the dead letter could not keep it.
TIMESTAMP = "source.timestamp"
SUPERSEDED, RULED_OUT = "source.superseded", "source.ruled_out"
# Which one of how many messages for the same source in the same topic: number/count, from 1.
PART = "source.part"
MAX_PARTS = 10_000
# The first of our headers on a dead letter.
CAUSE = "error.type"


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """The source of a published message, and the other messages for which it accounts.

    `part` and `parts` tell which one of how many messages for the source in the topic it is: only
    all of them together account for anything.
    """

    group: str | None
    source: TopicPartitionOffset
    part: int = 1
    parts: int = 1
    superseded: tuple[TopicPartitionOffset, ...] = ()
    ruled_out: tuple[TopicPartitionOffset, ...] = ()


def headers_for_batch(
    messages: Sequence[Message], outcomes: Sequence[Outcome], group: str
) -> list[Headers]:
    """Return, for each message of a batch, the headers of what is published for it.

    A superseded message is named by the prediction of its object, if there is one. Other messages
    for which nothing is published are named by the first prediction of the batch or, if there is
    none, by its first dead letter: the carrier.
    """
    named = _named_by_carrier(messages, outcomes)
    return [
        source_headers(message, group)
        + tuple(
            (name, encode_offsets(named[index, name]))
            for name in (SUPERSEDED, RULED_OUT)
            if (index, name) in named
        )
        for index, message in enumerate(messages)
    ]


def _named_by_carrier(
    messages: Sequence[Message], outcomes: Sequence[Outcome]
) -> dict[tuple[int | None, str], list[Message]]:
    """Return the messages to name, by the index of the naming message and the header."""
    published = {
        outcome.alert.aid: index
        for index, outcome in enumerate(outcomes)
        if outcome.kind is OutcomeKind.CLASSIFIED and outcome.alert
    }
    dead = [i for i, one in enumerate(outcomes) if one.kind is OutcomeKind.DEAD_LETTERED]
    carrier = next(iter((*published.values(), *dead)), None)
    named: dict[tuple[int | None, str], list[Message]] = defaultdict(list)
    for message, outcome in zip(messages, outcomes, strict=True):
        if outcome.kind is OutcomeKind.SUPERSEDED and outcome.alert:
            named[published.get(outcome.alert.aid, carrier), SUPERSEDED].append(message)
        elif outcome.kind is OutcomeKind.RULED_OUT:
            named[carrier, RULED_OUT].append(message)
    return named


def source_headers(message: Message, group: str) -> Headers:
    """Return the headers that name a consumed message and the group that has consumed it."""
    return (
        (TOPIC, message.topic.encode()),
        (PARTITION, str(message.partition).encode()),
        (OFFSET, str(message.offset).encode()),
        (GROUP, group.encode()),
    )


def own_headers(source: Headers) -> Headers:
    """Return the headers that name the message itself, not those that name others."""
    return tuple(one for one in source if one[0] in (TOPIC, PARTITION, OFFSET, GROUP))


def headers_of_parts(headers: Headers, parts: int) -> list[Headers]:
    """Return the headers of each of several messages for one source.

    Only the first names other messages: for a large batch, these headers are long.
    """
    if parts == 1:
        return [headers]
    own = own_headers(headers)
    return [
        (*(headers if number == 1 else own), (PART, f"{number}/{parts}".encode()))
        for number in range(1, parts + 1)
    ]


def encode_offsets(messages: Iterable[Message]) -> bytes:
    """Return `topic:partition:offset,offset;topic:…`, which is short even for large batches."""
    offsets: dict[tuple[str, int], list[str]] = defaultdict(list)
    for one in messages:
        offsets[one.topic, one.partition].append(str(one.offset))
    parts = (f"{topic}:{number}:{','.join(some)}" for (topic, number), some in offsets.items())
    return ";".join(parts).encode()


def _decode_offsets(text: bytes) -> Iterator[TopicPartitionOffset]:
    for part in str(text, "utf-8").split(";"):
        topic, partition, offsets = part.split(":")
        for offset in offsets.split(","):
            yield TopicPartitionOffset(topic=topic, partition=int(partition), offset=int(offset))


def _decode_part(text: bytes) -> tuple[int, int]:
    part, parts = map(int, str(text, "utf-8").split("/"))
    if not 1 <= part <= parts <= MAX_PARTS:
        raise ValueError(f"{PART} is {text!r}")
    return part, parts


def split_headers(headers: Headers) -> tuple[Headers, Headers]:
    """Split the headers of a dead letter into those of the original message and the added ones.

    Any other message has no added headers.
    """
    ours = max((i for i, (name, _) in enumerate(headers) if name == CAUSE), default=len(headers))
    return headers[:ours], headers[ours:]


def read_provenance(headers: Headers) -> Provenance | None:
    """Return the provenance in these headers, or None if stampapp did not write them."""
    found = dict(headers)
    try:
        part, parts = _decode_part(found.get(PART) or b"1/1")
        return Provenance(
            group=str(found[GROUP], "utf-8") if GROUP in found else None,
            source=TopicPartitionOffset(
                topic=str(found[TOPIC], "utf-8"),
                partition=int(found[PARTITION]),
                offset=int(found[OFFSET]),
            ),
            part=part,
            parts=parts,
            superseded=tuple(_decode_offsets(found[SUPERSEDED])) if SUPERSEDED in found else (),
            ruled_out=tuple(_decode_offsets(found[RULED_OUT])) if RULED_OUT in found else (),
        )
    except (KeyError, ValueError, TypeError):
        return None

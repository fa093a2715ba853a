"""Read which messages the published messages name, as the README describes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.support.topics import Message, read_all, wait_for_leaders
from tests.system.faults.alerts import digest
from tests.system.faults.kafka_clusters import Clusters, Topics
from tests.system.faults.writers import PartitionOffset

READ_WITHIN = 300.0


class PublishedTopic(StrEnum):
    OUTPUT = "output"
    SCRIBE = "scribe"
    DEAD = "dead letters"


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """A published message: when the broker got it (s since 1970), and the messages it names.

    It is one of `parts` messages for its source in its topic, from 1: only all of them together
    prove anything. `digest` is that of a dead letter's value.
    """

    published_topic: PublishedTopic
    at: float
    key: bytes
    source: PartitionOffset
    part: int = 1
    parts: int = 1
    superseded: tuple[PartitionOffset, ...] = ()
    ruled_out: tuple[PartitionOffset, ...] = ()
    digest: bytes = b""


def read_evidence(clusters: Clusters, topics: Topics) -> list[Evidence]:
    """Read all three topics to their ends."""
    main, scribe = clusters.main.kafka.bootstrap, clusters.scribe.kafka.bootstrap
    places = (
        (PublishedTopic.OUTPUT, main, topics.output),
        (PublishedTopic.SCRIBE, scribe, topics.scribe),
        (PublishedTopic.DEAD, main, topics.dead),
    )
    found = []
    for published_topic, bootstrap, topic in places:
        wait_for_leaders(bootstrap, topic, timeout=READ_WITHIN)
        messages = read_all(bootstrap, topic, timeout=READ_WITHIN)
        found += [evidence(message, published_topic, topics) for message in messages]
    return found


def evidence(message: Message, published_topic: PublishedTopic, topics: Topics) -> Evidence:
    headers = {name: (value or b"").decode() for name, value in message.headers}
    assert headers["source.topic"] == topics.alerts, headers
    assert headers["source.group"] == topics.group, headers
    part, parts = map(int, headers.get("source.part", "1/1").split("/"))
    return Evidence(
        published_topic=published_topic,
        part=part,
        parts=parts,
        at=message.timestamp / 1000.0,
        key=message.key or b"",
        source=(int(headers["source.partition"]), int(headers["source.offset"])),
        superseded=tuple(_places(headers.get("source.superseded", ""), topics.alerts)),
        ruled_out=tuple(_places(headers.get("source.ruled_out", ""), topics.alerts)),
        digest=digest(message.value or b"") if published_topic is PublishedTopic.DEAD else b"",
    )


def _places(text: str, topic: str) -> Iterator[PartitionOffset]:
    """Read `topic:partition:offset,offset;…`."""
    for part in filter(None, text.split(";")):
        name, partition, offsets = part.split(":")
        assert name == topic, part
        yield from ((int(partition), int(one)) for one in offsets.split(","))


def repeats(found: Sequence[Evidence]) -> dict[PublishedTopic, int]:
    """Return how many messages of each topic repeat a part of what is published for a source."""
    counts = {}
    for published_topic in PublishedTopic:
        parts = [(one.source, one.part) for one in found if one.published_topic is published_topic]
        counts[published_topic] = len(parts) - len(set(parts))
    return counts

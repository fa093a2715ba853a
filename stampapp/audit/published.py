"""The topics that give evidence (output, scribe, dead letters), and since when they are whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from stampapp.audit.offset_marks import PublishedTopic
from stampapp.config.settings import Settings
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.message import Message, Partition
from stampapp.kafka.offset_ranges import OffsetRange, ReportProgress
from stampapp.kafka.topic_reader import TopicReader
from stampapp.times import to_unix_ms

# Told each message; says whether it names those that it answers for.
Collect = Callable[[Message], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicScan:
    """What was read of a witness: what it has published since `whole_since` is still there.

    `whole_since` in ms since 1970; 0: nothing is missing from the beginning on. `unnamed` counts
    the messages that name nobody: older versions and other programs publish such.
    """

    topic_kind: PublishedTopic
    topics: tuple[str, ...]
    messages: int
    unnamed: int
    complete_since: int


async def scan(
    settings: Settings,
    witness: PublishedTopic,
    begin: int | None,
    listen: Collect,
    progress: ReportProgress,
) -> TopicScan:
    """Let `listen` have every message of a witness from `begin` (ms since 1970) on.

    Raises ConfigError where the topics cannot be read.
    """
    now = datetime.now(UTC)
    async with TopicReader(_cluster(settings, witness)) as reader:
        present = await reader.list_partitions()
        topics = _topics(settings, witness, present)
        partitions = [place for topic in topics for place in present[topic]]
        beginnings = await reader.first_offsets(partitions)
        spans = await _ranges_from(reader, beginnings, begin)
        ends = await reader.end_offsets(spans)
        total = sum(max(0, ends[place] - span.first) for place, span in spans.items())
        gaps = GapDetector(spans, beginnings)
        count = unnamed = 0
        async for messages in reader.read_ranges(spans):
            for message in messages:
                gaps.add(message)
                unnamed += not listen(message)
            count += len(messages)
            progress(witness, len(messages), total)
    gone = (
        settings.output_topic.expired_before(topics, now)
        if witness is PublishedTopic.OUTPUT
        else None
    )
    over_by = {topic: to_unix_ms(_last_write_by(settings, witness, topic, now)) for topic in topics}
    whole_since = max(gaps.complete_since(over_by), to_unix_ms(gone) if gone else 0)
    return TopicScan(
        topic_kind=witness,
        topics=topics,
        messages=count,
        unnamed=unnamed,
        complete_since=whole_since,
    )


class GapDetector:
    """Notices what a partition no longer holds: before its first message, or between two."""

    def __init__(
        self, spans: Mapping[Partition, OffsetRange], beginnings: Mapping[Partition, int]
    ) -> None:
        # Where a partition has lost its beginning, its first message lies behind a gap.
        self._cut = {one for one, span in spans.items() if 0 < span.first <= beginnings[one]}
        self._next = {one: span.first for one, span in spans.items()}
        self._whole_since = 0

    def add(self, message: Message) -> None:
        """Look whether the message lies behind a gap; what was there is older than it."""
        place = (message.topic, message.partition)
        if place in self._cut or message.offset > self._next[place]:
            self._cut.discard(place)
            self._whole_since = max(self._whole_since, message.timestamp or 0)
        self._next[place] = message.offset + 1

    def complete_since(self, over_by: Mapping[str, int]) -> int:
        """Return since when (ms since 1970) nothing is gone.

        `over_by` is until when each topic can have had messages: it decides about the empty ones.
        """
        return max([self._whole_since, *(over_by[topic] for topic, _ in self._cut)])


def _cluster(settings: Settings, witness: PublishedTopic) -> Cluster:
    return settings.scribe if witness is PublishedTopic.SCRIBE else settings.producer


def _topics(settings: Settings, witness: PublishedTopic, present: Iterable[str]) -> tuple[str, ...]:
    if witness is PublishedTopic.OUTPUT:
        return tuple(sorted(filter(settings.output_topic.matches, present)))
    wanted = (
        settings.scribe_topic if witness is PublishedTopic.SCRIBE else settings.deadletter_topic
    )
    return tuple(one for one in present if one == wanted)


def _last_write_by(
    settings: Settings, witness: PublishedTopic, topic: str, now: datetime
) -> datetime:
    return (
        settings.output_topic.last_write_by(topic, now) if witness is PublishedTopic.OUTPUT else now
    )


async def _ranges_from(
    reader: TopicReader, beginnings: Mapping[Partition, int], begin: int | None
) -> dict[Partition, OffsetRange]:
    """Return what is to be read; a partition without anything since `begin` is left out."""
    if begin is None or not beginnings:
        return {place: OffsetRange(first=first) for place, first in beginnings.items()}
    found = await reader.offsets_at_time(beginnings, begin)
    return {place: OffsetRange(first=first) for place, first in found.items() if first is not None}

"""Read output, scribe commands and dead letters, and since when they are complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from stampapp.audit.offset_marks import PublishedTopic
from stampapp.config.settings import Settings
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.message import Message, Partition
from stampapp.kafka.offset_ranges import OffsetRange, ReportProgress
from stampapp.kafka.topic_reader import TopicReader
from stampapp.times import to_unix_ms

# Called with each message; returns whether its headers name consumed offsets.
Collect = Callable[[Message], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicScan:
    """The result of reading one kind of topic.

    Messages since `complete_since` (ms since 1970; 0: all) are still there. `unnamed` counts those
    that name no consumed offset: older versions and other programs publish them.
    """

    topic_kind: PublishedTopic
    topics: tuple[str, ...]
    messages: int
    unnamed: int
    complete_since: int


async def scan(
    settings: Settings,
    topic_kind: PublishedTopic,
    start: int | None,
    collect: Collect,
    progress: ReportProgress,
) -> TopicScan:
    """Pass every message of one kind of topic since `start` (ms since 1970) to `collect`.

    Raises ConfigError if the topics cannot be read.
    """
    now = datetime.now(UTC)
    async with TopicReader(_cluster(settings, topic_kind)) as reader:
        present = await reader.list_partitions()
        topics = _topics(settings, topic_kind, present)
        first_offsets = await reader.first_offsets(
            [at for topic in topics for at in present[topic]]
        )
        ranges = await _ranges_from(reader, first_offsets, start)
        gaps = GapDetector(ranges, first_offsets)
        total = await _count_messages(reader, ranges)
        count = unnamed = 0
        async for messages in reader.read_ranges(ranges):
            for message in messages:
                gaps.add(message)
                unnamed += not collect(message)
            count += len(messages)
            progress(topic_kind, len(messages), total)
    return TopicScan(
        topic_kind=topic_kind,
        topics=topics,
        messages=count,
        unnamed=unnamed,
        complete_since=_complete_since(settings, topic_kind, topics, gaps, now),
    )


class GapDetector:
    """Detects removed messages: those before the first of a partition, and between two."""

    def __init__(
        self, ranges: Mapping[Partition, OffsetRange], first_offsets: Mapping[Partition, int]
    ) -> None:
        # The first message of a partition that has lost its beginning comes after a gap.
        self._lost_start = {
            one for one, one_range in ranges.items() if 0 < one_range.first <= first_offsets[one]
        }
        self._next = {one: one_range.first for one, one_range in ranges.items()}
        self._complete_since = 0

    def add(self, message: Message) -> None:
        """Note a gap before the message; the removed messages are older than it."""
        partition = (message.topic, message.partition)
        if partition in self._lost_start or message.offset > self._next[partition]:
            self._lost_start.discard(partition)
            self._complete_since = max(self._complete_since, message.timestamp or 0)
        self._next[partition] = message.offset + 1

    def complete_since(self, last_write_by: Mapping[str, int]) -> int:
        """Return since when (ms since 1970) no message was removed.

        For an empty topic that is `last_write_by`, until when it may have had messages.
        """
        return max([self._complete_since, *(last_write_by[topic] for topic, _ in self._lost_start)])


def _cluster(settings: Settings, topic_kind: PublishedTopic) -> Cluster:
    return settings.scribe if topic_kind is PublishedTopic.SCRIBE else settings.producer


def _topics(
    settings: Settings, topic_kind: PublishedTopic, present: Iterable[str]
) -> tuple[str, ...]:
    if topic_kind is PublishedTopic.OUTPUT:
        return tuple(sorted(filter(settings.output_topic.matches, present)))
    wanted = (
        settings.scribe_topic if topic_kind is PublishedTopic.SCRIBE else settings.deadletter_topic
    )
    return tuple(one for one in present if one == wanted)


def _complete_since(
    settings: Settings,
    topic_kind: PublishedTopic,
    topics: Sequence[str],
    gaps: GapDetector,
    now: datetime,
) -> int:
    if topic_kind is not PublishedTopic.OUTPUT:
        return gaps.complete_since(dict.fromkeys(topics, to_unix_ms(now)))
    output = settings.output_topic
    expired = output.expired_before(topics, now)
    last_writes = {topic: to_unix_ms(output.last_write_by(topic, now)) for topic in topics}
    return max(gaps.complete_since(last_writes), to_unix_ms(expired) if expired else 0)


async def _count_messages(reader: TopicReader, ranges: Mapping[Partition, OffsetRange]) -> int:
    ends = await reader.end_offsets(ranges)
    return sum(max(0, ends[at] - one_range.first) for at, one_range in ranges.items())


async def _ranges_from(
    reader: TopicReader, first_offsets: Mapping[Partition, int], start: int | None
) -> dict[Partition, OffsetRange]:
    """Return the ranges to read, without partitions that have no message since `start`."""
    if start is None or not first_offsets:
        return {partition: OffsetRange(first=first) for partition, first in first_offsets.items()}
    found = await reader.offsets_at_time(first_offsets, start)
    return {
        partition: OffsetRange(first=first)
        for partition, first in found.items()
        if first is not None
    }

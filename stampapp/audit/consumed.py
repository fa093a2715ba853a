"""What a group has consumed of its topics: the offsets to account for, and those that are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from stampapp.audit.offset_marks import OffsetMarks, PartitionMarks
from stampapp.config.settings import Settings
from stampapp.errors import ConfigError
from stampapp.kafka.connection_errors import describe_cluster, join_words
from stampapp.kafka.message import Partition
from stampapp.kafka.topic_reader import TopicReader
from stampapp.times import to_unix_ms


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeWindow:
    """Which messages are in question, by Kafka's timestamps; None: as far as there are any.

    `begin` is part of it, `end` is not; both know their time zone.
    """

    begin: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsumedOffsets:
    """The marks of what is consumed, still to be filled in.

    `waiting` messages are not consumed yet; `expired` ones were removed before they were.
    """

    marks: OffsetMarks
    waiting: int
    expired: int


async def find_consumed(
    source: TopicReader, settings: Settings, window: TimeWindow
) -> ConsumedOffsets:
    """Return what the group has consumed.

    Raises ConfigError where a topic does not exist or nothing was ever consumed.
    """
    partitions = await _partitions(source, settings)
    positions = await source.committed_offsets(settings.group_id, partitions)
    if not positions:
        raise ConfigError(
            f"the group {settings.group_id} has committed nothing on"
            f" {join_words(settings.consumer_topics)}: has a worker run? See CONSUMER_GROUP_ID"
        )
    beginnings, ends = await source.first_offsets(partitions), await source.end_offsets(partitions)
    first, last = await _window_offsets(source, partitions, window)
    marks = {
        one: PartitionMarks(
            max(beginnings[one], first.get(one, 0)), min(position, last.get(one, position))
        )
        for one, position in positions.items()
    }
    next_offsets = {one: max(beginnings[one], positions.get(one, 0)) for one in partitions}
    return ConsumedOffsets(
        marks=OffsetMarks(marks),
        waiting=sum(max(0, ends[one] - next_offsets[one]) for one in partitions),
        expired=sum(max(0, beginnings[one] - end) for one, end in positions.items()),
    )


async def _partitions(source: TopicReader, settings: Settings) -> list[Partition]:
    present = await source.list_partitions()
    missing = tuple(topic for topic in settings.consumer_topics if topic not in present)
    if missing:
        raise ConfigError(
            f"{describe_cluster(settings.consumer)} has no topic {join_words(missing)}: see"
            " CONSUMER_TOPICS"
        )
    return [one for topic in settings.consumer_topics for one in present[topic]]


async def _window_offsets(
    source: TopicReader, partitions: Sequence[Partition], window: TimeWindow
) -> tuple[Mapping[Partition, int], Mapping[Partition, int]]:
    """Return the offsets at which the window begins and ends, where it does."""
    first: dict[Partition, int] = {}
    if window.begin:
        ends = await source.end_offsets(partitions)
        found = await source.offsets_at_time(partitions, to_unix_ms(window.begin))
        # Where nothing is as young as that, nothing is in question.
        first = {one: ends[one] if at is None else at for one, at in found.items()}
    if not window.end:
        return first, {}
    found = await source.offsets_at_time(partitions, to_unix_ms(window.end))
    return first, {one: at for one, at in found.items() if at is not None}

"""The offsets that a group has consumed, within a time window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from stampapp.audit.offset_marks import OffsetMarks, PartitionMarks
from stampapp.config.settings import Settings
from stampapp.errors import ConfigError
from stampapp.inspection.group_offsets import read_log_changes
from stampapp.inspection.topic_status import read_partitions
from stampapp.kafka.connection_errors import describe_cluster, join_words
from stampapp.kafka.log_changes import LogChanges, changes_since
from stampapp.kafka.message import Partition
from stampapp.kafka.topic_reader import TopicReader
from stampapp.times import to_unix_ms


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeWindow:
    """The messages to check, by Kafka's timestamps: from `begin` up to but excluding `end`.

    Both have a time zone; None means no limit.
    """

    begin: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsumedOffsets:
    """The marks of the consumed offsets, all unset.

    `waiting` messages are not consumed yet. `changes` are what happened to the logs, as far as it
    can have removed messages of the time window.
    """

    marks: OffsetMarks
    waiting: int
    changes: Mapping[Partition, LogChanges]

    @property
    def expired(self) -> int:
        """How many messages were removed before they were consumed."""
        return sum(one.count for found in self.changes.values() for one in found.expired)


async def find_consumed(
    source: TopicReader, settings: Settings, window: TimeWindow
) -> ConsumedOffsets:
    """Find the offsets that the group has consumed.

    Raises ConfigError if a topic does not exist or the group has committed nothing.
    """
    partitions = await _partitions(source, settings)
    found = await read_partitions(source, partitions, settings.group_id)
    positions = {at: one.committed for at, one in found.items() if one.committed is not None}
    if not positions:
        raise ConfigError(
            f"the group {settings.group_id} has committed nothing on"
            f" {join_words(settings.consumer_topics.entries)}: check CONSUMER_GROUP_ID, or run a"
            " worker first"
        )
    first, last = await _window_offsets(source, partitions, window)
    marks = {
        at: PartitionMarks(
            max(found[at].first, first.get(at, 0)),
            min(found[at].end if found[at].cut_short else position, last.get(at, position)),
        )
        for at, position in positions.items()
    }
    # Messages are older than the notice that they are gone.
    begin = window.begin.timestamp() if window.begin else 0
    changes = await read_log_changes(source, settings.group_id, found)
    return ConsumedOffsets(
        marks=OffsetMarks(marks),
        waiting=sum(one.lag for one in found.values()),
        changes={at: changes_since(one, begin) for at, one in changes.items()},
    )


async def _partitions(source: TopicReader, settings: Settings) -> list[Partition]:
    present = await source.list_partitions()
    if missing := settings.consumer_topics.unmatched(present):
        raise ConfigError(
            f"{describe_cluster(settings.consumer)} has no topic {join_words(missing)}: check"
            " CONSUMER_TOPICS"
        )
    return [one for topic in settings.consumer_topics.select(present) for one in present[topic]]


async def _window_offsets(
    source: TopicReader, partitions: Sequence[Partition], window: TimeWindow
) -> tuple[Mapping[Partition, int], Mapping[Partition, int]]:
    """Return the first offsets in the window, and those after it, as far as it has limits."""
    first: dict[Partition, int] = {}
    if window.begin:
        ends = await source.end_offsets(partitions)
        found = await source.offsets_at_time(partitions, to_unix_ms(window.begin))
        # A partition whose messages are all older has none in the window.
        first = {one: ends[one] if at is None else at for one, at in found.items()}
    if not window.end:
        return first, {}
    found = await source.offsets_at_time(partitions, to_unix_ms(window.end))
    return first, {one: at for one, at in found.items() if at is not None}

"""The offsets of the consumer group on its input topics, and where they can be set."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from stampapp import times
from stampapp.config.settings import Settings
from stampapp.errors import ConfigError
from stampapp.inspection.topic_status import PartitionStatus, read_partitions
from stampapp.kafka.connection_errors import describe_cluster, describe_user, join_words
from stampapp.kafka.consumer_group import GroupMember
from stampapp.kafka.input_topics import InputTopics
from stampapp.kafka.log_changes import (
    LogChanges,
    add_change,
    decode_changes,
    log_change,
)
from stampapp.kafka.message import Partition
from stampapp.kafka.nightly_topic import NightlyTopic
from stampapp.kafka.topic_reader import TopicReader

EARLIEST, LATEST = "earliest", "latest"


@dataclass(frozen=True, kw_only=True, slots=True)
class OffsetTarget:
    """Where offsets are set: EARLIEST, LATEST, or the first message at an `instant` or later.

    `night` is whether the text named a night, which began at the instant.
    """

    text: str
    instant: datetime | None = None
    night: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupOffsets:
    """The offsets of a group by partition, its active members, and topics that do not exist."""

    members: tuple[GroupMember, ...]
    partitions: Mapping[Partition, PartitionStatus]
    missing_topics: tuple[str, ...]


def parse_target(text: str, nightly: NightlyTopic) -> OffsetTarget:
    """Parse what `--to` names. Raises ConfigError."""
    if text in (EARLIEST, LATEST):
        return OffsetTarget(text=text)
    if begin := nightly.night_begin(text):
        return OffsetTarget(text=text, instant=begin, night=True)
    try:
        return OffsetTarget(text=text, instant=times.parse_iso(text))
    except ValueError as error:
        raise ConfigError(
            f"--to is {text!r}: {EARLIEST}, {LATEST}, an instant (ISO 8601, for example"
            " 2026-03-01T22:00) or the date of a night as in the output topic"
            f" ({nightly.date_format}) is expected"
        ) from error


async def read_group_offsets(
    reader: TopicReader, settings: Settings, topics: Collection[str]
) -> GroupOffsets:
    """Read the offsets on these input topics, on all if there are none. Raises ConfigError."""
    inputs = _input_topics(settings, topics)
    present = await reader.list_partitions()
    wanted, missing = inputs.select(present), inputs.unmatched(present)
    # A worker may wait for a topic of its settings; what is named here was expected to exist.
    if missing and (topics or not wanted):
        raise ConfigError(
            f"{describe_cluster(settings.consumer)} shows {describe_user(settings.consumer)} no"
            f" topic {join_words(missing)}: check CONSUMER_TOPICS and --topic, or grant DESCRIBE"
        )
    partitions = [at for topic in wanted for at in present[topic]]
    return GroupOffsets(
        members=await reader.group_members(settings.group_id),
        partitions=await read_partitions(reader, partitions, settings.group_id),
        missing_topics=missing,
    )


def _input_topics(settings: Settings, topics: Collection[str]) -> InputTopics:
    unknown = tuple(one for one in topics if not settings.consumer_topics.match(one))
    if unknown:
        raise ConfigError(f"--topic {join_words(unknown)} is not in CONSUMER_TOPICS")
    return InputTopics(entries=tuple(topics)) if topics else settings.consumer_topics


async def target_offsets(
    reader: TopicReader, target: OffsetTarget, partitions: Mapping[Partition, PartitionStatus]
) -> dict[Partition, int]:
    """Return the offset that the target is in each partition; its end if no message is that new."""
    if target.instant is None:
        earliest = target.text == EARLIEST
        return {at: one.first if earliest else one.end for at, one in partitions.items()}
    found = await reader.offsets_at_time(partitions, times.to_unix_ms(target.instant))
    offsets = ((at, found.get(at)) for at in partitions)
    return {at: partitions[at].end if offset is None else offset for at, offset in offsets}


async def read_log_changes(
    reader: TopicReader, group: str, partitions: Mapping[Partition, PartitionStatus]
) -> dict[Partition, LogChanges]:
    """Return what has become of the logs under the group, noticed by a worker or not yet."""
    found = await reader.committed_metadata(group, partitions)
    changes = {at: decode_changes(metadata) for at, metadata in found.items()}
    noticed = round(time.time())
    for at, one in partitions.items():
        if one.committed is not None and (one.cut_short or one.committed < one.first):
            change = log_change(one.committed, beginning=one.first, end=one.end, noticed=noticed)
            changes[at] = add_change(changes.get(at, LogChanges()), change)
    return changes


def count_repeated(
    partitions: Mapping[Partition, PartitionStatus], new: Mapping[Partition, int]
) -> int:
    """Return how many offsets the group has consumed and would consume again."""
    return sum(
        max(0, min(one.next_offset, one.end) - max(new[at], one.first))
        for at, one in partitions.items()
    )


def count_skipped(
    partitions: Mapping[Partition, PartitionStatus], new: Mapping[Partition, int]
) -> int:
    """Return how many offsets the group has not consumed and would never consume."""
    return sum(max(0, new[at] - one.next_offset) for at, one in partitions.items())

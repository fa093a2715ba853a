"""The oldest consumed offsets that the published topics can still name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from stampapp.audit.offset_marks import OffsetMarks, PublishedTopic, missing_from
from stampapp.audit.published import TopicScan
from stampapp.audit.unmatched import MAX_CLOCK_SKEW_MS
from stampapp.kafka.message import Partition, TopicPartitionOffset
from stampapp.kafka.topic_reader import TopicReader


@dataclass(frozen=True, kw_only=True, slots=True)
class RetentionStart:
    """By published topic, the first offset of each partition from which on it is complete."""

    first: Mapping[PublishedTopic, Mapping[Partition, int]] = field(default_factory=dict)

    def unmatched_since(self, marks: OffsetMarks) -> Iterator[TopicPartitionOffset]:
        """Yield the unmatched offsets that a published topic lacks although it goes back so far."""
        for location in marks.unmatched():
            partition = (location.topic, location.partition)
            missing = missing_from(marks.seen_at(location))
            if any(location.offset >= self.first.get(w, {}).get(partition, 0) for w in missing):
                yield location


async def find_retention_start(
    source: TopicReader, marks: OffsetMarks, scans: Sequence[TopicScan]
) -> RetentionStart:
    """Return the first consumed offsets for which output and scribe are complete."""
    found: dict[PublishedTopic, Mapping[Partition, int]] = {}
    for scan in scans:
        if scan.complete_since:
            offsets = await source.offsets_at_time(
                marks.by_partition, scan.complete_since + MAX_CLOCK_SKEW_MS
            )
            found[scan.topic_kind] = {
                one: marks.by_partition[one].end if at is None else at
                for one, at in offsets.items()
            }
    return RetentionStart(first=found)

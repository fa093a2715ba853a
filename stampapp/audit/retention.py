"""How far back the evidence goes, in the offsets of what was consumed."""

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
    """By witness, the first offset of each partition of which it would still have everything."""

    first: Mapping[PublishedTopic, Mapping[Partition, int]] = field(default_factory=dict)

    def unmatched_since(self, accounts: OffsetMarks) -> Iterator[TopicPartitionOffset]:
        """Yield what nothing accounts for although a witness that lacks it goes back so far."""
        for place in accounts.unmatched():
            partition = (place.topic, place.partition)
            lacking = missing_from(accounts.seen_at(place))
            if any(place.offset >= self.first.get(w, {}).get(partition, 0) for w in lacking):
                yield place


async def find_retention_start(
    source: TopicReader, accounts: OffsetMarks, hearings: Sequence[TopicScan]
) -> RetentionStart:
    """Return how far back output and scribe go."""
    found: dict[PublishedTopic, Mapping[Partition, int]] = {}
    for hearing in hearings:
        if hearing.complete_since:
            offsets = await source.offsets_at_time(
                accounts.by_partition, hearing.complete_since + MAX_CLOCK_SKEW_MS
            )
            found[hearing.topic_kind] = {
                one: accounts.by_partition[one].end if at is None else at
                for one, at in offsets.items()
            }
    return RetentionStart(first=found)

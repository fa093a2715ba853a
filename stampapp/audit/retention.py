"""How far back the evidence goes, in the offsets of what was consumed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from stampapp.audit.offset_marks import Accounts, Witness, lacks
from stampapp.audit.published import Hearing
from stampapp.audit.unmatched import SKEW
from stampapp.kafka.message import Partition, TopicPartitionOffset
from stampapp.kafka.topic_reader import NoTimeIndexError, TopicReader


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """By witness, the first offset of each partition of which it would still have everything."""

    first: Mapping[Witness, Mapping[Partition, int]] = field(default_factory=dict)

    def within(self, accounts: Accounts) -> Iterator[TopicPartitionOffset]:
        """Yield what nothing accounts for although a witness that lacks it goes back so far."""
        for place in accounts.leftovers():
            partition = (place.topic, place.partition)
            lacking = lacks(accounts.marks(place))
            if any(place.offset >= self.first.get(w, {}).get(partition, 0) for w in lacking):
                yield place


async def reach(source: TopicReader, accounts: Accounts, hearings: Sequence[Hearing]) -> Reach:
    """Return how far back output and scribe go; all the way, where the broker cannot tell."""
    found: dict[Witness, Mapping[Partition, int]] = {}
    for hearing in hearings:
        if hearing.whole_since:
            try:
                offsets = await source.offsets_at_time(
                    accounts.by_partition, hearing.whole_since + SKEW
                )
            except NoTimeIndexError:
                continue
            found[hearing.witness] = {
                one: accounts.by_partition[one].end if at is None else at
                for one, at in offsets.items()
            }
    return Reach(first=found)

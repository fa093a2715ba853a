"""Which offsets may be committed: those before which every message is confirmed."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from stampapp.kafka.message import Message, Partition


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchedRange:
    """What a fetch has found in a partition.

    There is no message to consume from `empty_from` up to but excluding `end`: only transaction
    markers, aborted messages, and offsets that compaction or retention has removed. `start` is the
    first offset fetched; it is set for the first fetch of a partition, and for one that begins
    before the end of the fetch before it.
    """

    partition: Partition
    empty_from: int
    end: int
    start: int | None = None


@dataclass(slots=True)
class _PartitionOffsets:
    """The offsets of one partition, in order of arrival.

    `commit_offset` is the next offset to consume after everything confirmed, `next_offset` the one
    after the last message added. After a restart, `earlier` counts the unconfirmed messages from
    before it, and messages with the offsets of `still_to_come` are added before any later ones.
    """

    unconfirmed: deque[int] = field(default_factory=deque)
    confirmed: set[int] = field(default_factory=set)
    commit_offset: int | None = None
    next_offset: int = 0
    earlier: Counter[int] = field(default_factory=Counter)
    still_to_come: list[range] = field(default_factory=list)
    # Ranges without a message after a message that is not confirmed yet: first offset → end.
    empty: dict[int, int] = field(default_factory=dict)


class OffsetTracker:
    """The offsets consumed between two rebalances, and which of them are confirmed.

    The offset to commit moves past a message only when this message and all before it have been
    passed to `confirm`.
    """

    # Faust's own acknowledgement is not used: it acknowledges in a `finally`, so after a failure
    # too, and it commits past a gap of one message.

    def __init__(self) -> None:
        self._partitions: dict[Partition, _PartitionOffsets] = {}
        self._committed: dict[Partition, int] = {}

    def add(self, message: Message) -> None:
        """Add a consumed message; messages of a partition come in order of arrival."""
        partition = (message.topic, message.partition)
        offsets = self._partitions.get(partition)
        if offsets is None:
            offsets = self._partitions[partition] = _PartitionOffsets()
        if offsets.still_to_come:
            _add_earlier(offsets, message.offset)
            return
        if message.offset < offsets.next_offset:
            # Kafka went back: everything from here on is consumed, and must be confirmed, again.
            # `add_fetched` has seen that before, so the empty ranges are those of the new fetch.
            offsets = self._partitions[partition] = _PartitionOffsets(empty=offsets.empty)
        offsets.unconfirmed.append(message.offset)
        offsets.next_offset = message.offset + 1

    def add_fetched(self, fetched: FetchedRange) -> None:
        """Add what a fetch has found, before the messages of the fetch are added.

        The end of an empty range is committed once the message before the range is confirmed,
        whenever that is added, or at once if the range is where the partition was started.
        """
        if fetched.start is not None:
            self._start(fetched.partition, fetched.start)
        if offsets := self._partitions.get(fetched.partition):
            if fetched.empty_from < fetched.end:
                offsets.empty[fetched.empty_from] = fetched.end
            _advance(offsets)

    def _start(self, partition: Partition, start: int) -> None:
        if partition not in self._partitions:
            self._partitions[partition] = _PartitionOffsets(next_offset=start)
            self._committed[partition] = start
        offsets = self._partitions[partition]
        # What was found in the log before may be wrong now.
        offsets.empty.clear()
        if offsets.commit_offset is None and not offsets.unconfirmed:
            offsets.commit_offset = start

    def confirm(self, messages: Iterable[Message]) -> None:
        """Mark messages, which were added before, whose results are all confirmed."""
        for message in messages:
            offsets = self._partitions[message.topic, message.partition]
            if offsets.earlier and message.offset in offsets.earlier:
                # Which of two messages with this offset it is does not matter: the later one
                # counts as confirmed when both are.
                offsets.earlier -= Counter((message.offset,))
            else:
                offsets.confirmed.add(message.offset)
        for offsets in self._partitions.values():
            _advance(offsets)

    def committable(self) -> dict[Partition, int]:
        """Return the offset to commit (the next to consume) of each partition that has advanced."""
        return {
            partition: offsets.commit_offset
            for partition, offsets in self._partitions.items()
            if offsets.commit_offset is not None
            and offsets.commit_offset > self._committed.get(partition, -1)
        }

    def mark_committed(self, committed: dict[Partition, int]) -> None:
        """Remember the offsets that the broker has accepted."""
        self._committed.update(committed)

    def restart(self, partition: Partition, start: int, last_consumed: int | None) -> None:
        """Start again at `start`, below offsets that were added or committed.

        `last_consumed` is the last message consumed before, None if there is none. Messages up to
        it may still be added; they count as unfinished until confirmed, and are not committed.
        """
        before = self._partitions.get(partition, _PartitionOffsets())
        left = range(before.next_offset, 0 if last_consumed is None else last_consumed + 1)
        self._partitions[partition] = _PartitionOffsets(
            next_offset=start,
            earlier=before.earlier + Counter(set(before.unconfirmed) - before.confirmed),
            still_to_come=[*before.still_to_come, *([left] if left else [])],
        )
        self._committed.pop(partition, None)

    def not_taken(self, ends: Mapping[Partition, int]) -> int:
        """Return how many offsets lie between the last message added and the ends.

        Offsets known to hold no message do not count, nor does a partition of which nothing was
        fetched so far: its position is not known.
        """
        return sum(
            max(0, end - _next_to_add(self._partitions[partition]))
            for partition, end in ends.items()
            if partition in self._partitions
        )

    def lags(self, ends: Mapping[Partition, int]) -> dict[Partition, int]:
        """Return how many offsets lie between the last confirmed message and the end, by partition.

        Offsets at the end that are known to hold no message do not count. A partition of which
        nothing was fetched so far is left out: its position is not known.
        """
        return {
            partition: max(0, end - _first_unconfirmed(self._partitions[partition]))
            for partition, end in ends.items()
            if partition in self._partitions
        }

    @property
    def unfinished(self) -> int:
        """The number of consumed messages that are not confirmed."""
        return sum(
            len(offsets.unconfirmed) + offsets.earlier.total()
            for offsets in self._partitions.values()
        )


def _add_earlier(offsets: _PartitionOffsets, offset: int) -> None:
    offsets.earlier[offset] += 1
    left = range(offset + 1, offsets.still_to_come.pop(0).stop)
    if left:
        offsets.still_to_come.insert(0, left)


def _advance(offsets: _PartitionOffsets) -> None:
    _pass_empty(offsets)
    while offsets.unconfirmed and offsets.unconfirmed[0] in offsets.confirmed:
        offset = offsets.unconfirmed.popleft()
        offsets.confirmed.discard(offset)
        offsets.commit_offset = max(offsets.commit_offset or 0, offset + 1)
        _pass_empty(offsets)


def _pass_empty(offsets: _PartitionOffsets) -> None:
    while offsets.commit_offset in offsets.empty:
        offsets.commit_offset = offsets.empty.pop(offsets.commit_offset)


def _next_to_add(offsets: _PartitionOffsets) -> int:
    found = max(offsets.next_offset, offsets.commit_offset or 0)
    while found in offsets.empty:
        found = offsets.empty[found]
    return found


def _first_unconfirmed(offsets: _PartitionOffsets) -> int:
    return offsets.unconfirmed[0] if offsets.unconfirmed else _next_to_add(offsets)

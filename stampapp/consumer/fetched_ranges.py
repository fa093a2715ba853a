"""Notice the offsets of a partition that hold no message to consume.

Transaction markers, aborted messages and compacted offsets are never handed out: aiokafka moves
its position past them. A position alone must not be committed, since the messages before it are
still on their way through Faust. So a fetch reports from where on it was empty, and
`worker.offset_tracker` passes that range when the message before it is confirmed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stampapp.kafka.message import Partition
from stampapp.worker.offset_tracker import FetchedRange

# By topic and partition; the keys are named tuples.
Positions = Mapping[Partition, int]
Records = Mapping[Any, Sequence[Any]]


class FetchObserver:
    """Compares the positions of the assigned partitions before and after a fetch.

    `subscriptions` is the SubscriptionState of an aiokafka consumer. Nothing else may move a
    position during a fetch, so its timeout must be 0. Even then `fetched_records` of aiokafka waits
    for an assignment during a rebalance; `after_fetch` handles that.
    """

    def __init__(self, subscriptions: Any) -> None:
        self._subscriptions = subscriptions
        self._assignment: Any = None
        self._before: Positions = {}
        # Where the last fetch of each partition ended.
        self._ends: dict[Partition, int] = {}
        self._found: list[FetchedRange] = []

    def before_fetch(self) -> None:
        """Note the positions before a fetch."""
        assignment = self._current_assignment()
        if assignment is not self._assignment:
            self._assignment, self._ends, self._found = assignment, {}, []
        self._before = _positions(assignment)

    def after_fetch(self, records: Records) -> bool:
        """Note what a fetch has found; return whether it has moved any position."""
        assignment = self._current_assignment()
        if assignment is not self._assignment:
            # A rebalance ended meanwhile: where the records began is not known.
            self._assignment, self._found = assignment, []
            self._ends = dict(_positions(assignment))
            return bool(records)
        after = _positions(assignment)
        moved = {one: at for one, at in after.items() if at != self._before.get(one)}
        for partition, end in moved.items():
            self._found.extend(self._compare(partition, end, records.get(partition, ())))
        return bool(moved)

    def take_found(self) -> list[FetchedRange]:
        """Return what was found since the last call."""
        found, self._found = self._found, []
        return found

    def _compare(
        self, partition: Partition, end: int, records: Sequence[Any]
    ) -> Iterator[FetchedRange]:
        before, begin = self._ends.get(partition), self._before.get(partition)
        self._ends[partition] = end
        if begin is None:
            return
        one = (partition[0], partition[1])
        if before is None or begin < before:
            yield FetchedRange(partition=one, empty_from=begin, end=begin, start=begin)
        elif before < begin:
            # Retention has removed what was between.
            yield FetchedRange(partition=one, empty_from=before, end=begin)
        empty_from = records[-1].offset + 1 if records else begin
        if empty_from < end:
            yield FetchedRange(partition=one, empty_from=empty_from, end=end)

    def _current_assignment(self) -> Any:
        subscription = self._subscriptions.subscription
        return subscription and subscription.assignment


def _positions(assignment: Any) -> Positions:
    states = {one: assignment.state_value(one) for one in assignment.tps} if assignment else {}
    return {one: state.position for one, state in states.items() if state.has_valid_position}

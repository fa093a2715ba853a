"""Positions that aiokafka moves past messages, markers and gaps."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.subscription_state import SubscriptionState

from stampapp.consumer.fetched_ranges import FetchObserver
from stampapp.worker.offset_tracker import FetchedRange

HERE, THERE = TopicPartition("alerts", 0), TopicPartition("alerts", 1)


@dataclass(frozen=True)
class Fetched:
    offset: int


class Fetching:
    """A client's positions, moved as by fetches."""

    def __init__(self) -> None:
        self.subscriptions = SubscriptionState()
        self.subscriptions.subscribe({"alerts"})
        self.observer = FetchObserver(self.subscriptions)
        self.assign()

    def assign(self) -> None:
        self.subscriptions.assign_from_subscribed([HERE, THERE])

    def seek(self, offset: int) -> None:
        self.subscriptions.seek(HERE, offset)

    def fetch(self, end: int, *offsets: int) -> list[FetchedRange]:
        self.observer.before_fetch()
        self.subscriptions.subscription.assignment.state_value(HERE).consumed_to(end)
        records = {HERE: [Fetched(one) for one in offsets]} if offsets else {}
        self.observer.after_fetch(records)
        return self.observer.take_found()


def start(offset: int) -> FetchedRange:
    return FetchedRange(partition=("alerts", 0), empty_from=offset, end=offset, start=offset)


def empty(first: int, end: int) -> FetchedRange:
    return FetchedRange(partition=("alerts", 0), empty_from=first, end=end)


@pytest.fixture
async def fetching() -> Fetching:
    fetching = Fetching()
    fetching.seek(5)
    return fetching


async def test_the_first_fetch_says_where_it_started(fetching: Fetching) -> None:
    assert fetching.fetch(7, 5, 6) == [start(5)]
    assert fetching.fetch(9, 7, 8) == []


async def test_markers_after_the_last_message_are_an_empty_range(fetching: Fetching) -> None:
    assert fetching.fetch(8, 5, 6) == [start(5), empty(7, 8)]
    # No message at all, and then a gap before messages, which needs no report.
    assert fetching.fetch(10) == [empty(8, 10)]
    assert fetching.fetch(13, 12) == []


async def test_a_fetch_that_goes_back_is_a_new_start(fetching: Fetching) -> None:
    fetching.fetch(7, 5, 6)
    fetching.seek(2)
    assert fetching.fetch(4, 2, 3) == [start(2)]


async def test_what_a_fetch_leaves_out_is_empty(fetching: Fetching) -> None:
    fetching.fetch(7, 5, 6)
    fetching.seek(20)
    assert fetching.fetch(21) == [empty(7, 20), empty(20, 21)]


async def test_a_partition_without_a_position_is_left_out(fetching: Fetching) -> None:
    fetching.subscriptions.subscription.assignment.state_value(HERE).await_reset(-2)
    fetching.observer.before_fetch()
    assert not fetching.observer.after_fetch({})
    assert fetching.observer.take_found() == []


async def test_a_new_assignment_starts_anew(fetching: Fetching) -> None:
    fetching.fetch(7, 5, 6)
    fetching.assign()
    fetching.seek(7)
    assert fetching.fetch(8) == [start(7), empty(7, 8)]


async def test_a_rebalance_during_a_fetch_leaves_the_start_unknown(fetching: Fetching) -> None:
    fetching.fetch(7, 5, 6)
    fetching.observer.before_fetch()
    fetching.assign()
    fetching.seek(9)
    assert fetching.observer.after_fetch({HERE: [Fetched(7), Fetched(8)]})
    assert fetching.observer.take_found() == []
    # Nothing proves that the messages before it were handed out: no start.
    assert fetching.fetch(10) == [empty(9, 10)]

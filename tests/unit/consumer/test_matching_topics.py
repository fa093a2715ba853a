from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiokafka.errors import KafkaConnectionError
from faust.types import TP

from stampapp.consumer.matching_topics import MatchingTopics, set_consumed_topics
from stampapp.kafka.input_topics import InputTopics

INTERVAL = 0.01


class Consumer:
    """The parts of an aiokafka consumer that are used: also its client and its coordinator."""

    def __init__(self, *present: str) -> None:
        self.present: set[str] | Exception = set(present)
        self.rejoining = asyncio.Event()
        self.asked_for: frozenset[str] = frozenset()
        self._topics: frozenset[str] = frozenset()
        self._subscription = self._client = self._coordinator = self

    @property
    def subscription(self) -> Any:
        """Both the method of the consumer and the subscription that its state has."""
        consumer = self

        class Subscription:
            def __call__(self) -> frozenset[str]:
                return consumer._topics

            def __setattr__(self, name: str, value: frozenset[str]) -> None:
                setattr(consumer, name, value)

        return Subscription()

    def subscribe(self, topics: set[str], listener: object) -> None:
        assert listener
        self._topics = frozenset(topics)

    def set_topics(self, topics: frozenset[str]) -> None:
        self.asked_for = topics

    def request_rejoin(self) -> None:
        self.rejoining.set()

    async def fetch_all_metadata(self) -> Any:
        if isinstance(self.present, Exception):
            raise self.present
        return self

    def topics(self) -> set[str]:
        assert isinstance(self.present, set)
        return self.present


@contextmanager
def matching(consumer: Consumer, *entries: str) -> Iterator[tuple[MatchingTopics, list[Any]]]:
    crashes: list[BaseException] = []

    async def crash(error: BaseException) -> None:
        crashes.append(error)

    found = MatchingTopics(consumer, InputTopics(entries=entries), INTERVAL, crash)
    try:
        yield found, crashes
    finally:
        found.stop()


async def test_named_and_matching_topics_are_subscribed_to() -> None:
    consumer = Consumer("a1", "b1", "a2")
    listener: Any = object()
    with matching(consumer, "^a", "named") as (topics, _):
        await topics.subscribe(listener)
        assert consumer.subscription() == consumer.asked_for == {"a1", "a2", "named"}
        await asyncio.sleep(5 * INTERVAL)
    assert not consumer.rejoining.is_set()


async def test_subscription_changes_only_when_the_group_is_joined_again() -> None:
    consumer = Consumer("a1")
    listener: Any = object()
    with matching(consumer, "^a") as (topics, _):
        await topics.subscribe(listener)
        consumer.present = {"a2"}
        await asyncio.wait_for(consumer.rejoining.wait(), 10)
        assert consumer.subscription() == {"a1"}
        await topics.resubscribe()
        assert consumer.subscription() == consumer.asked_for == {"a2"}


async def test_topics_stay_while_they_cannot_be_listed() -> None:
    consumer = Consumer("a1")
    listener: Any = object()
    with matching(consumer, "^a") as (topics, crashes):
        await topics.subscribe(listener)
        consumer.present = KafkaConnectionError()
        await asyncio.sleep(5 * INTERVAL)
        await topics.resubscribe()
        assert consumer.subscription() == {"a1"}
        assert not consumer.rejoining.is_set()
        consumer.present = RuntimeError("unexpected")
        await asyncio.sleep(5 * INTERVAL)
    assert [str(one) for one in crashes] == ["unexpected"]


class Channel:
    topics: list[str] = []


def test_channels_have_the_assigned_topics() -> None:
    channels = [Channel(), Channel()]
    set_consumed_topics(channels, {TP("b", 0), TP("a", 1), TP("a", 0)})
    assert [one.topics for one in channels] == [["a", "b"], ["a", "b"]]

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

import pytest
from faust.types import TP

from stampapp.consumer.missing_topics import MissingTopics


class Topics:
    """Topics by their number of partitions."""

    def __init__(self, **counts: int) -> None:
        self.counts = counts

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return set(range(self.counts[topic])) if topic in self.counts else None


class Kafka:
    """Accepts commits of existing topics, and repeats others without an end, as aiokafka does."""

    def __init__(self, *existing: str) -> None:
        self.existing = existing
        self.committed: dict[TP, int] = {}

    async def commit(self, offsets: Mapping[TP, int]) -> bool:
        while not {one.topic for one in offsets} <= set(self.existing):  # noqa: ASYNC110  # so it does
            await asyncio.sleep(0.01)
        self.committed |= offsets
        return True


def watched(**counts: int) -> MissingTopics:
    found = MissingTopics(lambda: frozenset({"one", "two"}))
    found.update(Topics(**counts))
    return found


async def test_each_change_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    topics = watched(one=2)
    topics.update(Topics(one=4))
    assert list(topics.names) == ["two"]
    topics.update(Topics(two=3, one=4))
    assert list(topics.names) == []
    missing, existing = (one.getMessage() for one in caplog.records)
    assert missing.startswith("Topic two does not exist: nothing is read from it until it does")
    assert existing == "Topic two exists now, with 3 partitions"


async def test_missing_topics_are_not_committed() -> None:
    kafka = Kafka("one")
    offsets = {TP("one", 0): 5, TP("two", 0): 7}
    assert await watched(one=1).commit_existing(offsets, kafka.commit)
    assert kafka.committed == {TP("one", 0): 5}


async def test_nothing_is_committed_if_all_topics_are_missing() -> None:
    async def refuse(offsets: Mapping[TP, int]) -> bool:
        raise ValueError(offsets)

    assert await watched().commit_existing({TP("two", 0): 7}, refuse)


async def test_topic_deleted_during_a_commit_does_not_hold_up_the_others() -> None:
    topics, kafka = watched(one=1, two=1), Kafka("one")
    offsets = {TP("one", 0): 5, TP("two", 0): 7}
    committing = asyncio.ensure_future(topics.commit_existing(offsets, kafka.commit))
    await asyncio.sleep(0.05)
    topics.update(Topics(one=1, two=1))
    await asyncio.sleep(0.05)
    assert not committing.done()
    topics.update(Topics(one=1))
    assert await asyncio.wait_for(committing, 1.0)
    # Made anew: the old offset has nothing to do with its messages.
    kafka.existing = ("one", "two")
    await asyncio.sleep(0.05)
    assert kafka.committed == {TP("one", 0): 5}


async def test_rejected_commit_is_reported() -> None:
    async def reject(offsets: Mapping[TP, int]) -> bool:
        assert offsets
        return False

    assert not await watched(one=1).commit_existing({TP("one", 0): 5}, reject)

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

import pytest
from aiokafka.protocol.metadata import MetadataRequest, MetadataRequest_v5
from faust.types import TP

from stampapp.consumer.missing_topics import MissingTopics, create_no_topics
from stampapp.kafka.input_topics import InputTopics


class Topics:
    """Topics by their number of partitions."""

    def __init__(self, **counts: int) -> None:
        self.counts = counts

    def topics(self) -> set[str]:
        return set(self.counts)

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


def watched(cluster: Topics, *entries: str) -> MissingTopics:
    found = MissingTopics(InputTopics(entries=entries or ("one", "two")), cluster)
    found.update(cluster)
    return found


async def test_each_change_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    cluster = Topics(one=2)
    topics = watched(cluster)
    topics.update(cluster)
    assert list(topics.names) == ["two"]
    cluster.counts = {"one": 4, "two": 3}
    topics.update(cluster)
    assert list(topics.names) == []
    missing, existing = (one.getMessage() for one in caplog.records)
    assert missing.startswith("Topic two does not exist: nothing is read from it until it does")
    assert existing == "Topic two exists now, with 3 partitions"


async def test_pattern_without_a_topic_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    cluster = Topics(other=1)
    topics = watched(cluster, "^ztf_.*", "atlas_%s")
    assert list(topics.names) == ["^ztf_.*", "atlas_%s"]
    cluster.counts["ztf_1"] = 2
    topics.update(cluster)
    cluster.counts["ztf_2"] = 2
    topics.update(cluster)
    assert list(topics.names) == ["atlas_%s"]
    assert [one.getMessage() for one in caplog.records] == [
        "No topic matches ^ztf_.*: nothing is read until one does; check CONSUMER_TOPICS",
        "No topic matches atlas_%s: nothing is read until one does; check CONSUMER_TOPICS",
        "Topic ztf_1 exists now, with 2 partitions",
    ]


async def test_missing_topics_are_not_committed() -> None:
    kafka = Kafka("one")
    offsets = {TP("one", 0): 5, TP("two", 0): 7}
    assert not await watched(Topics(one=1)).commit_existing(offsets, kafka.commit)
    assert kafka.committed == {TP("one", 0): 5}


async def test_offsets_of_a_topic_that_is_back_are_committed_by_the_next_commit() -> None:
    cluster, kafka = Topics(one=1), Kafka("one", "two")
    topics = watched(cluster)
    offsets = {TP("one", 0): 5, TP("two", 0): 7}
    assert not await topics.commit_existing(offsets, kafka.commit)
    cluster.counts["two"] = 1
    topics.update(cluster)
    assert await topics.commit_existing(offsets, kafka.commit)
    assert kafka.committed == offsets


async def test_nothing_is_committed_if_all_topics_are_missing() -> None:
    async def refuse(offsets: Mapping[TP, int]) -> bool:
        raise ValueError(offsets)

    assert not await watched(Topics()).commit_existing({TP("two", 0): 7}, refuse)
    assert await watched(Topics()).commit_existing({}, refuse)


async def test_topic_deleted_during_a_commit_does_not_hold_up_the_others() -> None:
    cluster, kafka = Topics(one=1, two=1), Kafka("one")
    topics = watched(cluster)
    offsets = {TP("one", 0): 5, TP("two", 0): 7}
    committing = asyncio.ensure_future(topics.commit_existing(offsets, kafka.commit))
    await asyncio.sleep(0.05)
    topics.update(cluster)
    await asyncio.sleep(0.05)
    assert not committing.done()
    del cluster.counts["two"]
    topics.update(cluster)
    assert not await asyncio.wait_for(committing, 1.0)
    # Made anew: the old offset has nothing to do with its messages.
    kafka.existing = ("one", "two")
    await asyncio.sleep(0.05)
    assert kafka.committed == {TP("one", 0): 5}


async def test_partition_that_a_topic_has_lost_does_not_hold_up_the_others() -> None:
    cluster, kafka = Topics(one=4, two=1), Kafka("two")
    topics = watched(cluster)
    offsets = {TP("one", 3): 5, TP("two", 0): 7}
    committing = asyncio.ensure_future(topics.commit_existing(offsets, kafka.commit))
    await asyncio.sleep(0.05)
    # Deleted and made anew between two requests for metadata.
    cluster.counts["one"] = 3
    topics.update(cluster)
    assert not await asyncio.wait_for(committing, 1.0)
    assert kafka.committed == {TP("two", 0): 7}


async def test_rejected_commit_is_reported() -> None:
    async def reject(offsets: Mapping[TP, int]) -> bool:
        assert offsets
        return False

    assert not await watched(Topics(one=1)).commit_existing({TP("one", 0): 5}, reject)


class Connection:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[object] = []

    def send(self, request: object, *, expect_response: bool = True) -> bool:
        self.sent.append(request)
        return expect_response


class Client:
    def __init__(self) -> None:
        self.connection = Connection()

    async def _get_conn(self, node: int) -> Connection | None:
        return self.connection if node else None


async def test_requests_for_metadata_create_no_topic() -> None:
    client = Client()
    create_no_topics(client)
    assert await client._get_conn(0) is None
    for _ in range(2):
        connection = await client._get_conn(1)
        assert connection
        assert connection.send(MetadataRequest(["one"]))
        assert not connection.send(b"other", expect_response=False)
    first, other, second, _ = client.connection.sent
    assert other == b"other"
    for one in (first, second):
        assert isinstance(one, MetadataRequest)
        assert one.build(MetadataRequest_v5).allow_auto_topic_creation is False

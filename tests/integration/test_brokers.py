"""What stampapp and its tests need from a broker, for both brokers."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource

from tests.support.apache_kafka import ApacheKafka
from tests.support.topics import (
    Record,
    committed,
    create_topics,
    end_offsets,
    offsets_to_commit,
    produce,
    read_all,
    wait_for_count,
)

OLD = 1_600_000_000_000
# How long the client waits for a missing topic.
SOON = {"topic.metadata.propagation.max.ms": 500}


@pytest.fixture(params=["kafka", "tansu"])
def bootstrap(request: pytest.FixtureRequest) -> str:
    broker = request.getfixturevalue(request.param)
    return broker.bootstrap if isinstance(broker, ApacheKafka) else str(broker)


@pytest.fixture(scope="module")
def killable_kafka() -> Iterator[ApacheKafka]:
    """A broker of its own, so that killing it does not disturb other tests."""
    with ApacheKafka(properties={"auto.create.topics.enable": "false"}) as broker:
        yield broker


def alerts(count: int) -> list[Record]:
    noise = random.Random(7)  # incompressible, like stamps
    return [
        Record(
            b"ZTF%d" % number,
            noise.randbytes(60_000),
            number % 3,
            [("number", b"%d" % number), ("empty", None)],
            OLD + number,
        )
        for number in range(count)
    ]


def commit(bootstrap: str, group: str, locations: list[TopicPartition]) -> None:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group})
    consumer.commit(offsets=locations, asynchronous=False)
    consumer.close()


def test_large_messages_are_unchanged(bootstrap: str) -> None:
    create_topics(bootstrap, {"round-trip": 3})
    sent = alerts(40)
    locations = produce(bootstrap, "round-trip", sent)
    assert locations == [(number % 3, number // 3) for number in range(40)]
    found = {(m.partition, m.offset): m for m in read_all(bootstrap, "round-trip")}
    assert sorted(found) == sorted(locations)
    for location, record in zip(locations, sent, strict=True):
        message = found[location]
        assert (message.key, message.value) == (record.key, record.value)
        assert (message.headers, message.timestamp) == (record.headers, record.timestamp)


def test_end_offsets_after_a_batch(bootstrap: str) -> None:
    create_topics(bootstrap, {"ends": 3})
    produce(bootstrap, "ends", [Record(None, b"x", 1)] * 7, **{"linger.ms": 100})
    assert end_offsets(bootstrap, "ends") == {0: 0, 1: 7, 2: 0}
    assert offsets_to_commit(bootstrap, "ends") == {1: 7}
    assert [m.offset for m in read_all(bootstrap, "ends")] == list(range(7))


def test_group_reads_its_committed_offsets(bootstrap: str) -> None:
    create_topics(bootstrap, {"offsets": 3})
    produce(bootstrap, "offsets", [Record(None, b"x", p) for p in (0, 0, 0, 1)])
    assert committed(bootstrap, "reader", "offsets") == {}
    commit(bootstrap, "reader", [TopicPartition("offsets", 0, 2), TopicPartition("offsets", 1, 1)])
    assert committed(bootstrap, "reader", "offsets") == {0: 2, 1: 1}
    assert committed(bootstrap, "another", "offsets") == {}


def test_topic_settings_are_kept(bootstrap: str) -> None:
    create_topics(bootstrap, {"night": 1}, {"retention.ms": "691200000"})
    resource = ConfigResource(ConfigResource.Type.TOPIC, "night")
    admin = AdminClient({"bootstrap.servers": bootstrap})
    settings = admin.describe_configs([resource])[resource].result(10)
    assert settings["retention.ms"].value == "691200000"


def test_creating_a_topic_twice_fails(bootstrap: str) -> None:
    create_topics(bootstrap, {"once": 1})
    with pytest.raises(KafkaException, match="TOPIC_ALREADY_EXISTS"):
        create_topics(bootstrap, {"once": 1})


def test_first_message_auto_creates_a_topic(bootstrap: str) -> None:
    assert read_all(bootstrap, "unforeseen") == []
    assert committed(bootstrap, "reader", "unforeseen") == {}
    produce(bootstrap, "unforeseen", [Record(b"k", b"v")])
    assert [m.value for m in wait_for_count(bootstrap, "unforeseen", 1)] == [b"v"]


def test_waiting_for_messages_times_out(bootstrap: str) -> None:
    create_topics(bootstrap, {"few": 1})
    produce(bootstrap, "few", [Record(b"k", b"v")])
    with pytest.raises(TimeoutError, match="1 of 2 messages in few"):
        wait_for_count(bootstrap, "few", 2, timeout=0.5)


def test_killed_kafka_keeps_messages_and_offsets(killable_kafka: ApacheKafka) -> None:
    create_topics(killable_kafka.bootstrap, {"kept": 3})
    sent = alerts(9)
    locations = produce(killable_kafka.bootstrap, "kept", sent)
    commit(killable_kafka.bootstrap, "reader", [TopicPartition("kept", 2, 3)])
    before = killable_kafka.bootstrap
    killable_kafka.kill()
    with pytest.raises(KafkaException):
        AdminClient({"bootstrap.servers": before}).list_topics(timeout=1)
    killable_kafka.restart()
    assert killable_kafka.bootstrap == before
    found = read_all(before, "kept")
    assert {(m.partition, m.offset): m.value for m in found} == {
        location: record.value for location, record in zip(locations, sent, strict=True)
    }
    assert committed(before, "reader", "kept") == {2: 3}


def test_kafka_uses_extra_properties(killable_kafka: ApacheKafka) -> None:
    with pytest.raises(KafkaException, match="Unknown topic"):
        produce(killable_kafka.bootstrap, "unforeseen", [Record(b"k", b"v")], **SOON)

"""A running worker notices topics that come, grow or are made anew, within seconds."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from tests.support.apache_kafka import ApacheKafka
from tests.support.topics import create_topics, produce, wait_for_count
from tests.support.waiting import until
from tests.support.web import address, get
from tests.support.worker import Worker, worker
from tests.system.conftest import environment

# Seconds within which a worker must read from what has changed.
PROMPT = 15.0
# Seconds more for a busy machine.
GRACE = 10.0
CONSUME_TIMEOUT = 3.0
NOT_THERE = "Topic {} does not exist: nothing is read from it until it does"


class Stream:
    """A worker whose topic does not exist at its start, on a broker that creates none by itself."""

    def __init__(self, kafka: ApacheKafka, settings: dict[str, str], running: Worker) -> None:
        self.kafka, self.settings, self.running = kafka, settings, running
        self.topic = settings["CONSUMER_TOPICS"]
        self.admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
        self.sent = 0

    def create(self, partitions: int) -> None:
        create_topics(self.kafka.bootstrap, {self.topic: partitions})

    def delete(self) -> None:
        self.admin.delete_topics([self.topic])[self.topic].result(PROMPT)

    def send(self, *partitions: int) -> None:
        """Send a message to each partition that cannot be classified, so that it has a trace."""
        records = [(b"k", b"no alert", number, None, None) for number in partitions]
        produce(self.kafka.bootstrap, self.topic, records)
        self.sent += len(records)

    def consumed(self) -> list[tuple[int, int]]:
        """Wait for all that was sent; return the partition and offset of each, in order."""
        topic = self.settings["DEADLETTER_TOPIC"]
        dead = wait_for_count(self.kafka.bootstrap, topic, self.sent, PROMPT + GRACE)
        headers = [dict(one.headers) for one in dead]
        return [
            (int(one["source.partition"] or b""), int(one["source.offset"] or b""))
            for one in headers
        ]

    def wait_until_taken(self, count: int) -> None:
        """Wait until the worker has taken so many messages that it has not finished."""
        expected = f"\nstampapp_unfinished_messages {count:.1f}\n".encode()
        url = f"{address(self.running)}/metrics"
        until(lambda: expected in get(url)[2], PROMPT, self.running.text)

    def state(self) -> dict[str, Any]:
        return dict(json.loads(get(f"{address(self.running)}/readyz")[2]))


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stream]:
    with ApacheKafka(properties={"auto.create.topics.enable": "false"}) as kafka:
        settings = environment(
            kafka.bootstrap,
            CLASSIFIER_STRATEGY="ZTF",
            CONSUMER_TOPICS="late-alerts",
            CONSUME_TIMEOUT=str(CONSUME_TIMEOUT),
        )
        with worker(settings, tmp_path_factory.mktemp("worker")) as running:
            running.wait_for("Worker ready")
            yield Stream(kafka, settings, running)


def test_topic_that_comes_after_the_start_is_read(stream: Stream) -> None:
    stream.running.wait_for(NOT_THERE.format(stream.topic))
    state = stream.state()
    assert (state["ready"], state["missing_topics"]) == (False, [stream.topic])
    assert b"\nstampapp_missing_topics 1.0\n" in get(f"{address(stream.running)}/metrics")[2]
    stream.create(2)
    stream.send(0, 0, 1)
    assert sorted(stream.consumed()) == [(0, 0), (0, 1), (1, 0)]
    assert f"Topic {stream.topic} exists now, with 2 partitions" in stream.running.text()
    state = stream.state()
    assert (state["ready"], state["missing_topics"]) == (True, [])


def test_added_partitions_are_read(stream: Stream) -> None:
    added = NewPartitions(stream.topic, 4)
    stream.admin.create_partitions([added])[stream.topic].result(PROMPT)
    stream.send(2, 3, 3)
    assert sorted(stream.consumed()[3:]) == [(2, 0), (3, 0), (3, 1)]


def test_topic_made_anew_is_read_from_its_start(stream: Stream) -> None:
    before = stream.sent
    stream.send(1, 1, 1)
    # They are in a batch that is not full yet.
    stream.wait_until_taken(3)
    stream.delete()
    stream.running.wait_for(NOT_THERE.format(stream.topic), PROMPT + GRACE, times=2)
    stream.create(4)
    stream.send(0, 1, 1, 1, 1, 1, 1)
    consumed = stream.consumed()[before:]
    assert sorted(consumed[:3]) == [(1, 1), (1, 2), (1, 3)]
    # Nothing that was committed for the old topic holds for the new one.
    assert sorted(consumed[3:]) == [(0, 0), *((1, offset) for offset in range(6))]
    assert stream.running.process.poll() is None


def test_topic_made_anew_at_once_is_read_from_its_start(stream: Stream) -> None:
    before = stream.sent
    stream.delete()
    stream.create(4)
    stream.send(0, 1, 1)
    assert sorted(stream.consumed()[before:]) == [(0, 0), (1, 0), (1, 1)]


def test_topic_made_anew_with_fewer_partitions_is_read(stream: Stream) -> None:
    before = stream.sent
    stream.send(3, 3)
    # They are in a batch that is not full yet, and whose partition is gone when it is committed.
    stream.wait_until_taken(2)
    stream.running.process.send_signal(signal.SIGSTOP)
    stream.delete()
    stream.create(1)
    stream.running.process.send_signal(signal.SIGCONT)
    stream.send(0, 0)
    consumed = stream.consumed()[before:]
    assert sorted(consumed) == [(0, 0), (0, 1), (3, 0), (3, 1)]
    assert stream.running.process.poll() is None


def test_partitions_whose_leader_moves_are_read(stream: Stream) -> None:
    with ApacheKafka(joins=stream.kafka) as second:
        stream.delete()
        replicated = NewTopic(stream.topic, replica_assignment=[[2, 1], [1, 2]], num_partitions=2)
        stream.admin.create_topics([replicated])[stream.topic].result(PROMPT)
        before = stream.sent
        stream.send(0, 1)
        assert sorted(stream.consumed()[before:]) == [(0, 0), (1, 0)]
        second.kill()
    stream.send(0, 0, 1)
    start = time.monotonic()
    assert sorted(stream.consumed()[before + 2 :]) == [(0, 1), (0, 2), (1, 1)]
    assert time.monotonic() - start < PROMPT + GRACE
    assert stream.running.process.poll() is None

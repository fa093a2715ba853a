"""A worker killed at random moments loses nothing."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

from tests.support import alert_messages
from tests.support.apache_kafka import ApacheKafka
from tests.support.stopwatch import AMPLE
from tests.support.topics import Message, committed, offsets_to_commit, produce, read_all
from tests.support.worker import Worker, worker

ROUNDS = 10
COPIES_A_ROUND = 4
SEED = 20200601


def test_no_alert_is_left_without_an_outcome(
    kafka: ApacheKafka, setup: Callable[..., dict[str, str]], shared_data: Path, tmp_path: Path
) -> None:
    environment = setup(CONSUME_TIMEOUT="0.5")
    alerts = alert_messages.distinct(shared_data / "ztf_sorting_hat.avro", ROUNDS * COPIES_A_ROUND)
    sent = list(alerts)
    a_round = len(sent) // ROUNDS
    chance = random.Random(SEED)
    interrupted = 0
    for number in range(ROUNDS):
        chunk = sent[number * a_round : (number + 1) * a_round]
        produce(kafka.bootstrap, environment["CONSUMER_TOPICS"], chunk)
        with worker(environment, tmp_path) as running:
            running.wait_for("Worker ready")
            time.sleep(chance.uniform(0.0, 1.2))
            running.kill()
        interrupted += not assert_nothing_committed_ahead(kafka, environment)
    assert interrupted >= ROUNDS // 2, "the kills did not fall into the stream"
    assert read(kafka, environment, "PRODUCER_TOPIC_FORMAT"), "nothing was published before the end"
    with worker(environment, tmp_path) as running:
        finish(running, kafka, environment)
    everyone = {record.key for record in sent}
    assert {m.key for m in read(kafka, environment, "PRODUCER_TOPIC_FORMAT")} == everyone
    assert {m.key for m in read(kafka, environment, "SCRIBE_TOPIC")} == everyone
    assert read(kafka, environment, "DEADLETTER_TOPIC") == []


def finish(running: Worker, kafka: ApacheKafka, environment: dict[str, str]) -> None:
    """Wait until everything is committed, and stop."""
    topic, group = environment["CONSUMER_TOPICS"], environment["CONSUMER_GROUP_ID"]
    ends = offsets_to_commit(kafka.bootstrap, topic)
    deadline = time.monotonic() + AMPLE
    while committed(kafka.bootstrap, group, topic) != ends:
        assert running.process.poll() is None, running.text()
        assert time.monotonic() < deadline, running.text()
        time.sleep(0.5)
    running.terminate()


def assert_nothing_committed_ahead(kafka: ApacheKafka, environment: dict[str, str]) -> bool:
    """Check that every alert before a committed offset is in both topics; return whether all."""
    topic, group = environment["CONSUMER_TOPICS"], environment["CONSUMER_GROUP_ID"]
    offsets = committed(kafka.bootstrap, group, topic)
    done = {
        message.key
        for message in read_all(kafka.bootstrap, topic)
        if message.offset < offsets.get(message.partition, 0)
    }
    assert done <= {m.key for m in read(kafka, environment, "PRODUCER_TOPIC_FORMAT")}
    assert done <= {m.key for m in read(kafka, environment, "SCRIBE_TOPIC")}
    return offsets == offsets_to_commit(kafka.bootstrap, topic)


def read(kafka: ApacheKafka, environment: dict[str, str], key: str) -> list[Message]:
    return read_all(kafka.bootstrap, environment[key])

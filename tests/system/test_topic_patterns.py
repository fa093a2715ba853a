"""Workers read the topics that match patterns and dates, as they come and go."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from tests.support.apache_kafka import ApacheKafka
from tests.support.stopwatch import AMPLE
from tests.support.topics import committed, create_topics, end_offsets, produce, read_all
from tests.support.web import address, get
from tests.support.worker import Worker, command, worker
from tests.system.conftest import environment

TODAY = datetime.now(UTC)
PARTITIONS = 2


def night(days: int = 0) -> str:
    return f"ztf_{TODAY + timedelta(days=days):%Y%m%d}_programid1"


class Stream:
    """Two workers of a group, whose topics are given by a pattern and by date."""

    def __init__(self, kafka: ApacheKafka, settings: dict[str, str]) -> None:
        self.kafka, self.settings = kafka, settings
        self.sent: Counter[tuple[str, int, int]] = Counter()

    def create(self, topic: str) -> None:
        create_topics(self.kafka.bootstrap, {topic: PARTITIONS})

    def delete(self, topic: str) -> None:
        admin = AdminClient({"bootstrap.servers": self.kafka.bootstrap})
        admin.delete_topics([topic])[topic].result(AMPLE)

    def send(self, topic: str, count: int) -> None:
        records = [(b"k", b"no alert", n % PARTITIONS, None, None) for n in range(count)]
        places = produce(self.kafka.bootstrap, topic, records)
        self.sent.update((topic, *place) for place in places)

    def consumed(self) -> Counter[tuple[str, int, int]]:
        dead = read_all(self.kafka.bootstrap, self.settings["DEADLETTER_TOPIC"])
        headers = [{key: (value or b"").decode() for key, value in one.headers} for one in dead]
        return Counter(
            (one["source.topic"], int(one["source.partition"]), int(one["source.offset"]))
            for one in headers
        )

    def wait_until_all_is_committed(self) -> None:
        group, deadline = self.settings["CONSUMER_GROUP_ID"], time.monotonic() + AMPLE
        for topic in {topic for topic, _, _ in self.sent}:
            ends = end_offsets(self.kafka.bootstrap, topic)
            while committed(self.kafka.bootstrap, group, topic) != ends:
                assert time.monotonic() < deadline, (topic, ends)
                time.sleep(0.2)


def state(running: Worker) -> dict[str, Any]:
    return dict(json.loads(get(f"{address(running)}/readyz")[2]))


@pytest.fixture(scope="module")
def stream(kafka: ApacheKafka) -> Stream:
    settings = environment(
        kafka.bootstrap,
        CLASSIFIER_STRATEGY="ZTF",
        CONSUMER_TOPICS="^survey_[0-9]{1,3}$,ztf_%s_programid1",
        CONSUMER_METADATA_AGE="2",
        CONSUME_MESSAGES="10",
    )
    return Stream(kafka, settings)


@pytest.fixture(scope="module")
def workers(
    stream: Stream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Worker, Worker]]:
    with ExitStack() as stack:
        folders = [tmp_path_factory.mktemp("worker") for _ in range(2)]
        first, second = (stack.enter_context(worker(stream.settings, one)) for one in folders)
        yield first, second


def test_a_worker_waits_for_the_first_topic_that_matches(
    stream: Stream, workers: tuple[Worker, Worker]
) -> None:
    for running in workers:
        running.wait_for("No topic matches ztf_%s_programid1: nothing is read until one does")
        found = state(running)
        assert not found["ready"]
        assert found["missing_topics"] == ["^survey_[0-9]{1,3}$", "ztf_%s_programid1"]
    stream.create(night())
    stream.send(night(), 20)
    stream.wait_until_all_is_committed()
    assert stream.consumed() == stream.sent


def test_topics_that_come_while_alerts_flow_lose_nothing(
    stream: Stream, workers: tuple[Worker, Worker]
) -> None:
    stream.send(night(), 500)
    stream.create("survey_7")
    stream.send("survey_7", 50)
    for number in range(6):
        stream.send(night(), 100)
        if number == 2:
            # Midnight: the next night begins before the last one is read.
            stream.create(night(1))
        if number > 2:
            stream.send(night(1), 50)
        time.sleep(0.5)
    stream.wait_until_all_is_committed()
    consumed = stream.consumed()
    assert consumed.keys() == stream.sent.keys()
    repeated = consumed.total() - stream.sent.total()
    print("repeated", repeated, "of", stream.sent.total())
    # A rebalance finishes what is in flight.
    assert repeated < stream.sent.total() / 10
    for running in workers:
        assert state(running)["missing_topics"] == []
        assert running.process.poll() is None, running.text()


def test_topics_that_do_not_match_are_not_read(stream: Stream, tmp_path: Path) -> None:
    for other in ("survey_1234", "ztf_tonight_programid1", f"{night()}_old"):
        stream.create(other)
        produce(stream.kafka.bootstrap, other, [(b"k", b"no alert", 0, None, None)])
    time.sleep(5)
    assert stream.consumed().keys() == stream.sent.keys()
    done = command("topics", "--json", cwd=tmp_path, **stream.settings)
    assert done.returncode == 0, done.stderr
    rows = [one for one in json.loads(done.stdout)["topics"] if one["role"] == "consumer"]
    assert [one["topic"] for one in rows] == ["survey_7", night(), night(1)]
    assert [one["lag"] for one in rows] == [0, 0, 0]
    done = command("reconcile", cwd=tmp_path, **stream.settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{stream.sent.total()}" in done.stdout


def test_deleted_topic_leaves_and_the_others_go_on(
    stream: Stream, workers: tuple[Worker, Worker]
) -> None:
    stream.delete("survey_7")
    for place in [one for one in stream.sent if one[0] == "survey_7"]:
        del stream.sent[place]
    stream.send(night(1), 20)
    stream.wait_until_all_is_committed()
    for running in workers:
        running.wait_for("No topic matches ^survey_[0-9]{1,3}$", times=2)
        assert running.terminate() < 10.0
        assert running.process.returncode == 0, running.text()

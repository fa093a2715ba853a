"""Topics with offsets that hold no message to classify: transactions, compaction, tombstones."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource
from prometheus_client.parser import text_string_to_metric_families

from tests.support.alerts import container, record
from tests.support.apache_kafka import ApacheKafka
from tests.support.kafka_settings import NODE_ID
from tests.support.stopwatch import AMPLE
from tests.support.topics import (
    Record,
    committed,
    create_topics,
    decided_offsets_to_commit,
    produce,
    read_all,
)
from tests.support.transactions import Transactions
from tests.support.waiting import until
from tests.support.web import address, get
from tests.support.worker import Worker, command, worker
from tests.system.conftest import Environment, environment

COMPACTED = {
    "cleanup.policy": "compact",
    "segment.ms": "100",
    "min.cleanable.dirty.ratio": "0.01",
}


def alerts(*names: str) -> list[Record]:
    return [Record(name.encode(), container(record(aid=name, candid=name))) for name in names]


class Consuming:
    """A worker on topics with one partition each."""

    def __init__(self, kafka: ApacheKafka, setup: Environment, running: Worker) -> None:
        self.bootstrap, self.setup, self.running = kafka.bootstrap, setup, running

    def committed(self, topic: str) -> int | None:
        return committed(self.bootstrap, self.setup["CONSUMER_GROUP_ID"], topic).get(0)

    def wait_until_committed(self, topic: str, offset: int) -> None:
        until(
            lambda: self.committed(topic) == offset,
            AMPLE,
            lambda: f"{topic}: {self.committed(topic)} is committed, not {offset}",
        )

    def wait_for_results(self, *names: str) -> None:
        expected = {name.encode() for name in names}
        until(lambda: expected <= set(self.results(names[0][0])), AMPLE, self.running.text)

    def results(self, initial: str) -> list[bytes]:
        """Return the published objects whose name begins with this letter."""
        found = read_all(self.bootstrap, self.setup["PRODUCER_TOPIC_FORMAT"])
        return sorted(one.key for one in found if one.key and one.key.startswith(initial.encode()))

    def metric(self, name: str, topic: str) -> float | None:
        _, _, body = get(f"{address(self.running)}/metrics")
        samples = (
            one
            for family in text_string_to_metric_families(body.decode())
            for one in family.samples
        )
        return next(
            (one.value for one in samples if one.name == name and one.labels["topic"] == topic),
            None,
        )

    def lag(self, topic: str) -> int:
        """Return what `topics` says."""
        done = command("topics", "--json", cwd=None, **self.setup)
        assert done.returncode == 0, done.stderr
        (found,) = (one for one in json.loads(done.stdout)["topics"] if one["topic"] == topic)
        return int(found["lag"])


@pytest.fixture(scope="module")
def topics(kafka: ApacheKafka) -> dict[str, str]:
    unique = secrets.token_hex(4)
    names = {name: f"{name}-{unique}" for name in ("night", "aborted", "open", "started")}
    create_topics(kafka.bootstrap, dict.fromkeys(names.values(), 1))
    compacted = f"compacted-{unique}"
    create_topics(kafka.bootstrap, {compacted: 1}, COMPACTED)
    return names | {"compacted": compacted}


@pytest.fixture(scope="module")
def consuming(
    kafka: ApacheKafka,
    topics: dict[str, str],
    ztf_model: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Consuming]:
    setup = environment(
        kafka.bootstrap,
        CONSUMER_TOPICS=",".join(topics.values()),
        CONSUME_TIMEOUT="0.2",
        CLASSIFIER_STRATEGY="ZTF",
        MODEL_PATH=str(ztf_model),
    )
    with frequent_compaction(kafka.bootstrap):
        compact(kafka.bootstrap, topics["compacted"])
    leave_only_markers(kafka.bootstrap, topics["started"], setup["CONSUMER_GROUP_ID"])
    with worker(setup, tmp_path_factory.mktemp("worker")) as running:
        running.wait_for("Worker ready")
        yield Consuming(kafka, setup, running)


def leave_only_markers(bootstrap: str, topic: str, group: str) -> None:
    """Abort two transactions, and commit the offset of the first marker."""
    producer = Transactions(bootstrap, topic)
    producer.abort(alerts("e1"))
    producer.abort(alerts("e2"))
    with closing(Consumer({"bootstrap.servers": bootstrap, "group.id": group})) as client:
        client.commit(offsets=[TopicPartition(topic, 0, 1)], asynchronous=False)


@contextmanager
def frequent_compaction(bootstrap: str) -> Iterator[None]:
    """Let the broker look for topics to compact five times a second instead of every 15 s."""
    admin = AdminClient({"bootstrap.servers": bootstrap})

    def change(operation: AlterConfigOpType) -> None:
        entry = ConfigEntry("log.cleaner.backoff.ms", "200", incremental_operation=operation)
        broker = ConfigResource(ConfigResource.Type.BROKER, NODE_ID, incremental_configs=[entry])
        admin.incremental_alter_configs([broker])[broker].result(AMPLE)

    change(AlterConfigOpType.SET)
    yield
    change(AlterConfigOpType.DELETE)


def compact(bootstrap: str, topic: str) -> None:
    """Write ten messages, and wait until compaction has removed some."""
    produce(bootstrap, topic, [*alerts("d1", "d2", "d3"), Record(b"d2", None)])
    for _ in range(3):
        # The next message begins a new segment; the last one is never compacted.
        time.sleep(0.15)
        produce(bootstrap, topic, alerts("d1", "d3"))
    until(lambda: len(read_all(bootstrap, topic)) < 10, AMPLE)


def test_a_worker_that_starts_before_a_marker_passes_it(
    topics: dict[str, str], consuming: Consuming
) -> None:
    consuming.wait_until_committed(topics["started"], 4)
    assert consuming.results("e") == []


def test_aborted_messages_are_not_classified_and_markers_are_no_lag(
    kafka: ApacheKafka, topics: dict[str, str], consuming: Consuming
) -> None:
    topic = topics["night"]
    producer = Transactions(kafka.bootstrap, topic)
    producer.commit(alerts("a1", "a2", "a3"))
    producer.abort(alerts("a4", "a5"))
    producer.commit(alerts("a6", "a7"))
    # Seven messages, and the markers at 3, 6 and 9.
    assert decided_offsets_to_commit(kafka.bootstrap, topic) == {0: 10}
    consuming.wait_for_results("a1", "a2", "a3", "a6", "a7")
    consuming.wait_until_committed(topic, 10)
    assert consuming.results("a") == [b"a1", b"a2", b"a3", b"a6", b"a7"]
    assert consuming.metric("stampapp_lag_messages", topic) == 0
    assert consuming.lag(topic) == 0


def test_the_group_passes_a_transaction_without_any_message_to_consume(
    kafka: ApacheKafka, topics: dict[str, str], consuming: Consuming
) -> None:
    topic = topics["aborted"]
    Transactions(kafka.bootstrap, topic).abort(alerts("b1", "b2"))
    assert decided_offsets_to_commit(kafka.bootstrap, topic) == {0: 3}
    consuming.wait_until_committed(topic, 3)
    assert consuming.lag(topic) == 0
    assert consuming.results("b") == []


def test_an_open_transaction_is_no_lag_and_has_a_metric(
    kafka: ApacheKafka, topics: dict[str, str], consuming: Consuming
) -> None:
    topic = topics["open"]
    with Transactions(kafka.bootstrap, topic).open(alerts("c1", "c2")):
        with pytest.raises(TimeoutError, match=r"can be read up to \{0: 0\} of \{0: 2\}"):
            decided_offsets_to_commit(kafka.bootstrap, topic, timeout=1.0)
        until(lambda: consuming.metric("stampapp_undecided_messages", topic) == 2, AMPLE)
        assert not consuming.metric("stampapp_lag_messages", topic)
        start = time.monotonic()
        assert consuming.lag(topic) == 0
        done = command("inspect", topic, "--json", cwd=None, **consuming.setup)
        assert "There is no message" in done.stderr, done
        # A reader that waits for the end of the transaction gives up after 30 s.
        assert time.monotonic() - start < 25.0
    consuming.wait_until_committed(topic, 3)
    assert consuming.results("c") == [b"c1", b"c2"]
    until(lambda: consuming.metric("stampapp_undecided_messages", topic) == 0, AMPLE)


def test_a_tombstone_is_a_dead_letter_and_compacted_offsets_are_passed(
    topics: dict[str, str], consuming: Consuming
) -> None:
    topic = topics["compacted"]
    consuming.wait_until_committed(topic, 10)
    assert consuming.lag(topic) == 0
    left = read_all(consuming.bootstrap, topic)
    assert len(left) < 10
    assert set(consuming.results("d")) == {one.key for one in left if one.value}
    dead = read_all(consuming.bootstrap, consuming.setup["DEADLETTER_TOPIC"])
    assert [(one.key, dict(one.headers)["error.type"]) for one in dead] == [(b"d2", b"empty")]


def test_every_consumed_offset_is_accounted_for(consuming: Consuming) -> None:
    done = command("reconcile", "--json", cwd=None, **consuming.setup)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["complete"], found

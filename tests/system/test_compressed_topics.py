"""A worker reads topics with any of Kafka's compression codecs, and writes the one that is set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.alerts import container, record
from tests.support.apache_kafka import CODECS, ApacheKafka
from tests.support.stopwatch import AMPLE
from tests.support.topics import (
    Record,
    committed,
    create_topics,
    produce,
    read_all,
    wait_for_count,
)
from tests.support.worker import command, worker
from tests.system.conftest import environment

OUTPUTS = ("PRODUCER_TOPIC_FORMAT", "SCRIBE_TOPIC", "DEADLETTER_TOPIC", "METRICS_TOPIC")
# Who compresses an input topic: its producer, or the broker by the topic's compression.type.
WHO = ("client", "broker")
ALERTS = 4
BAD = b"no container " * 100
# More than max.message.bytes, unless it is compressed.
LARGE_BAD = b"no container " * 100_000
LARGEST = 8 * 2**20


def alerts(prefix: str, bad: bytes = BAD) -> list[Record]:
    """Return alerts, and a message that becomes a dead letter."""
    names = [f"{prefix}-{n}" for n in range(ALERTS)]
    good = [Record(name.encode(), container(record(aid=name))) for name in names]
    return [*good, Record(f"{prefix}-bad".encode(), bad)]


@pytest.fixture
def settings(kafka: ApacheKafka, ztf_model: Path) -> dict[str, str]:
    """Settings of a worker with two input topics for each codec."""
    found = environment(kafka.bootstrap, CLASSIFIER_STRATEGY="ZTF", MODEL_PATH=str(ztf_model))
    topics = []
    for codec in CODECS:
        client, broker = (f"{found['CONSUMER_TOPICS']}-{codec}-{who}" for who in WHO)
        one_batch: dict[str, Any] = {"linger.ms": 100}
        create_topics(kafka.bootstrap, {client: 1})
        compressed = one_batch | {"compression.type": codec, "message.max.bytes": LARGEST}
        bad = BAD if codec == "none" else LARGE_BAD
        produce(kafka.bootstrap, client, alerts(client, bad), **compressed)
        of_topic = "uncompressed" if codec == "none" else codec
        create_topics(kafka.bootstrap, {broker: 1}, {"compression.type": of_topic})
        produce(kafka.bootstrap, broker, alerts(broker), **one_batch)
        assert kafka.codecs(client) == kafka.codecs(broker) == {codec}
        topics += [client, broker]
    return found | {"CONSUMER_TOPICS": ",".join(topics)}


def test_every_codec_is_read_and_the_one_that_is_set_is_written(
    kafka: ApacheKafka, settings: dict[str, str], tmp_path: Path
) -> None:
    topics = settings["CONSUMER_TOPICS"].split(",")
    total = len(topics) * (ALERTS + 1)
    codec = settings["PRODUCER_COMPRESSION"] = "zstd"
    with worker(settings, tmp_path) as running:
        running.wait_for(f"{total} in all")
        # Best effort: a stopping worker does not wait for it.
        wait_for_count(kafka.bootstrap, settings["METRICS_TOPIC"], 1)
        running.terminate()
        assert running.process.returncode == 0, running.text()
    group = settings["CONSUMER_GROUP_ID"]
    for topic in topics:
        assert committed(kafka.bootstrap, group, topic) == {0: ALERTS + 1}
    read = {role: read_all(kafka.bootstrap, settings[role]) for role in OUTPUTS}
    expected = {role: len(topics) * ALERTS for role in OUTPUTS[:2]}
    expected["DEADLETTER_TOPIC"] = len(topics)
    assert {role: len(read[role]) for role in expected} == expected
    for role in OUTPUTS:
        assert kafka.codecs(settings[role]) == {codec}
    # The commands read what it has written, and write the same.
    done = command("reconcile", cwd=None, **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    done = command("deadletters", "replay", cwd=None, **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert kafka.codecs(topics[0]) == {"none", codec}


def test_a_damaged_batch_is_reported_with_what_to_do(
    kafka: ApacheKafka, ztf_model: Path, tmp_path: Path
) -> None:
    settings = environment(kafka.bootstrap, CLASSIFIER_STRATEGY="ZTF", MODEL_PATH=str(ztf_model))
    topic = settings["CONSUMER_TOPICS"] = f"{settings['CONSUMER_TOPICS']}-damaged"
    create_topics(kafka.bootstrap, {topic: 1}, {"compression.type": "zstd"})
    produce(kafka.bootstrap, topic, alerts("good"), **{"linger.ms": 100})
    produce(kafka.bootstrap, topic, alerts("damaged"), **{"linger.ms": 100})
    kafka.damage_end(topic)
    with worker(settings, tmp_path) as running:
        assert running.exit_code(AMPLE) == 1
        last = running.text().splitlines()[-1]
    assert f"a message on {topic} is in a damaged batch (CorruptRecordException" in last
    assert f"group {settings['CONSUMER_GROUP_ID']} past the message" in last

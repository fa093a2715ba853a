"""A rebalance that takes long ends in the end, and one that cannot end stops the worker."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient, NewPartitions

from tests.support.apache_kafka import ApacheKafka
from tests.support.stopwatch import AMPLE
from tests.support.topics import Record, committed, produce
from tests.support.waiting import until
from tests.support.web import address, get
from tests.support.worker import worker
from tests.system.conftest import environment

ROOT = Path(__file__).parents[2]
# Seconds; longer than a request may take in `tests.support.frozen_broker`.
FROZEN = 10.0


def test_a_broker_that_freezes_in_a_rebalance_is_waited_for(tmp_path: Path) -> None:
    with ApacheKafka() as kafka:
        assert kafka.process
        settings = environment(kafka.bootstrap, CLASSIFIER_STRATEGY="ZTF", PYTHONPATH=str(ROOT))
        topic, group = settings["CONSUMER_TOPICS"], settings["CONSUMER_GROUP_ID"]
        produce(kafka.bootstrap, topic, [Record(b"k", b"no alert", n) for n in range(4)])
        frozen = (str(kafka.process.pid), str(FROZEN))
        argv = (sys.executable, "-m", "tests.support.frozen_broker", *frozen, "worker")
        with worker(settings, tmp_path, argv) as running:
            running.wait_for("Worker ready")
            until(
                lambda: committed(kafka.bootstrap, group, topic) == dict.fromkeys(range(4), 1),
                AMPLE,
                running.text,
            )
            assert running.process.poll() is None


def test_a_group_of_another_kind_stops_the_worker_with_the_reason(
    kafka: ApacheKafka, tmp_path: Path
) -> None:
    settings = environment(kafka.bootstrap, CLASSIFIER_STRATEGY="ZTF")
    group = settings["CONSUMER_GROUP_ID"]
    other = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "group.id": group,
            "partition.assignment.strategy": "range",
        }
    )
    other.subscribe([settings["CONSUMER_TOPICS"]])
    try:
        until(lambda: other.poll(0.1) or other.assignment(), AMPLE)
        with worker(settings, tmp_path) as running:
            assert running.exit_code(AMPLE) == 1, running.text()
            last = running.text().splitlines()[-1]
    finally:
        other.close()
    assert f"does not keep the worker in the group {group}: [Error 23] Inconsistent" in last
    assert last.endswith("stop that one, or set another CONSUMER_GROUP_ID")


ENDLESS = (sys.executable, "-m", "tests.support.endless_seek")


def test_a_rebalance_that_does_not_end_stops_the_worker(kafka: ApacheKafka, tmp_path: Path) -> None:
    settings = environment(
        kafka.bootstrap, CLASSIFIER_STRATEGY="ZTF", STALL_TIMEOUT="10", PYTHONPATH=str(ROOT)
    )
    with worker(settings, tmp_path, (*ENDLESS, "1", "worker")) as running:
        assert running.exit_code(AMPLE) == 1, running.text()
        last = running.text().splitlines()[-1]
    assert f"a rebalance of the group {settings['CONSUMER_GROUP_ID']} has not ended for" in last


def test_a_worker_is_not_ready_during_a_rebalance(kafka: ApacheKafka, tmp_path: Path) -> None:
    settings = environment(kafka.bootstrap, CLASSIFIER_STRATEGY="ZTF", PYTHONPATH=str(ROOT))
    topic = settings["CONSUMER_TOPICS"]
    with worker(settings, tmp_path, (*ENDLESS, "2", "worker")) as running:
        running.wait_for("Worker ready")
        url = f"{address(running)}/readyz"
        assert get(url)[0] == 200
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
        admin.create_partitions([NewPartitions(topic, 5)])[topic].result(AMPLE)
        until(lambda: get(url)[0] == 503, AMPLE, running.text)
        assert json.loads(get(url)[2])["partitions_assigned"] is False
        assert get(f"{address(running)}/healthz")[0] == 200

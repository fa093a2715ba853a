"""A log that does not reach the group's position loses nothing that is there, and is reported."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from prometheus_client.parser import text_string_to_metric_families

from tests.support.alerts import container, record
from tests.support.apache_kafka import ApacheKafka
from tests.support.stopwatch import AMPLE
from tests.support.topics import Record, committed, create_topics, produce, read_all
from tests.support.waiting import until
from tests.support.web import address, get
from tests.support.worker import Worker, command, worker
from tests.system.conftest import Environment, environment
from tests.system.test_reconcile import commit, remove


def alerts(count: int, partition: int, name: str = "") -> list[Record]:
    aids = [f"{name}-{partition}-{n}" for n in range(count)]
    return [Record(b"", container(record(aid=aid)), partition) for aid in aids]


@pytest.fixture
def settings(kafka: ApacheKafka, ztf_model: Path) -> Environment:
    return environment(
        kafka.bootstrap,
        CLASSIFIER_STRATEGY="ZTF",
        MODEL_PATH=str(ztf_model),
        CONSUME_TIMEOUT="0.2",
        # Longer than a worker is stopped here: otherwise the group rebalances.
        CONSUMER_SESSION_TIMEOUT="60",
    )


def classified(kafka: ApacheKafka, settings: Environment) -> dict[int, list[int]]:
    """Return the source offsets of the output, by partition and in order."""
    found: dict[int, list[int]] = {}
    for message in read_all(kafka.bootstrap, settings["PRODUCER_TOPIC_FORMAT"]):
        headers = dict(message.headers)
        partition, offset = (int(headers[f"source.{n}"] or b"") for n in ("partition", "offset"))
        found.setdefault(partition, []).append(offset)
    return {partition: sorted(offsets) for partition, offsets in sorted(found.items())}


def wait_until_committed(
    kafka: ApacheKafka, settings: Environment, running: Worker, ends: dict[int, int]
) -> None:
    group, topic = settings["CONSUMER_GROUP_ID"], settings["CONSUMER_TOPICS"]
    until(
        lambda: committed(kafka.bootstrap, group, topic) == ends,
        AMPLE,
        lambda: f"{committed(kafka.bootstrap, group, topic)}\n{running.text()}",
    )


def finish(
    kafka: ApacheKafka, settings: Environment, running: Worker, ends: dict[int, int]
) -> dict[str, dict[str, float]]:
    """Wait until these offsets are committed; stop the worker; return what its metrics counted."""
    wait_until_committed(kafka, settings, running, ends)
    text = get(f"{address(running)}/metrics")[2].decode()
    running.terminate()
    assert running.process.returncode == 0, running.text()
    return {name: counted(text, name) for name in ("expired_messages", "log_resets")}


def counted(text: str, name: str) -> dict[str, float]:
    """Return the values of a metric that are not 0, by partition."""
    return {
        one.labels["partition"]: one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
        if one.name == f"stampapp_{name}_total" and one.value
    }


def reconcile(settings: Environment, *arguments: str) -> tuple[int, str]:
    done = command("reconcile", *arguments, cwd=None, **settings)
    assert done.stderr == ""
    return done.returncode, done.stdout


def ranges(found: list[dict[str, Any]], *names: str) -> list[tuple[int, ...]]:
    return [tuple(one[name] for name in ("partition", *names)) for one in found]


def test_a_worker_starts_where_the_log_is(
    kafka: ApacheKafka, settings: Environment, tmp_path: Path
) -> None:
    topic, group = settings["CONSUMER_TOPICS"], settings["CONSUMER_GROUP_ID"]
    produce(kafka.bootstrap, topic, [*alerts(6, 0, "cut"), *alerts(12, 1, "old")])
    commit(kafka.bootstrap, group, {topic: {0: 10, 1: 5}})
    remove(kafka.bootstrap, topic, {1: 12})
    expired = f"7 messages expired unread: offsets 5-11 of {topic}:1"
    cut_short = f"the log of {topic}:0 was cut short: the group was at offset 10, and the log ended"
    code, report = reconcile(settings)
    assert code == 1
    assert expired in report
    assert f"{cut_short} at 6" in report
    topics = json.loads(command("topics", "--json", cwd=None, **settings).stdout)["topics"]
    (lag,) = [one["lag"] for one in topics if one["role"] == "consumer"]
    assert lag == 6
    with worker(settings, tmp_path) as running:
        # Once its end is above the group's offset, nothing shows that the log was cut short.
        running.wait_for("was cut short")
        produce(kafka.bootstrap, topic, [*alerts(10, 0, "new"), *alerts(3, 1, "new")])
        counts = finish(kafka, settings, running, {0: 16, 1: 15})
    assert classified(kafka, settings) == {0: [*range(16)], 1: [12, 13, 14]}
    assert f"[WARNING] {expired}" in running.text()
    assert f"[WARNING] {cut_short}" in running.text()
    assert counts == {"expired_messages": {"1": 7}, "log_resets": {"0": 1}}
    # After the next commits, and without a worker.
    code, report = reconcile(settings, "--json")
    assert code == 1
    found = json.loads(report)
    assert (found["complete"], found["expired"], found["missing"]) == (False, 7, [])
    assert ranges(found["expired_ranges"], "first", "end", "count") == [(1, 5, 12, 7)]
    assert ranges(found["log_resets"], "position", "end", "start") == [(0, 10, 6, 0)]
    assert reconcile(settings, "--from", "2099-01-01")[0] == 0


def test_retention_overtakes_a_worker_and_its_topic_is_made_anew(
    kafka: ApacheKafka, settings: Environment, tmp_path: Path
) -> None:
    topic = settings["CONSUMER_TOPICS"]
    produce(kafka.bootstrap, topic, alerts(3, 0))
    with worker(settings, tmp_path) as running:
        running.wait_for("3 in all")
        running.process.send_signal(signal.SIGSTOP)
        # It answers the request for messages that is under way, if there is one.
        produce(kafka.bootstrap, topic, alerts(1, 0))
        time.sleep(2)
        produce(kafka.bootstrap, topic, alerts(16, 0))
        remove(kafka.bootstrap, topic, {0: 15})
        running.process.send_signal(signal.SIGCONT)
        wait_until_committed(kafka, settings, running, {0: 20})
        running.process.send_signal(signal.SIGSTOP)
        make_anew(kafka.bootstrap, topic)
        produce(kafka.bootstrap, topic, alerts(5, 0))
        running.process.send_signal(signal.SIGCONT)
        counts = finish(kafka, settings, running, {0: 5})
    expired = re.search(
        rf"(\d+) messages expired unread: offsets ([34])-14 of {topic}:0", running.text()
    )
    assert expired
    count, first = map(int, expired.groups())
    assert count == 15 - first
    offsets = [*range(first), *range(15, 20), *range(5)]
    assert classified(kafka, settings) == {0: sorted(offsets)}
    assert f"the log of {topic}:0 was cut short: the group was at offset 20" in running.text()
    assert counts == {"expired_messages": {"0": count}, "log_resets": {"0": 1}}


def make_anew(bootstrap: str, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for done in admin.delete_topics([topic], operation_timeout=30).values():
        done.result(30)
    until(lambda: topic not in admin.list_topics(timeout=30).topics, 30)
    create_topics(bootstrap, {topic: 4})

"""Real alerts from one Kafka cluster to another, with different users; losing permissions."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import alert_messages
from tests.support.alerts import container, record
from tests.support.secured_kafka import UNKNOWN_HOST
from tests.support.stopwatch import AMPLE
from tests.support.topics import (
    Message,
    Record,
    committed,
    create_topics,
    offsets_to_commit,
    produce,
    read_all,
    wait_for_count,
)
from tests.support.two_clusters import TwoClusters, password
from tests.support.worker import Worker, worker

ALERTS = 222
# Where a broker keeps the offsets of its groups.
INTERNAL = {"__consumer_offsets"}


@dataclass(frozen=True, kw_only=True)
class Night:
    """What a worker wrote: to its topics, and everywhere else."""

    settings: dict[str, str]
    output: list[Message]
    scribe: list[Message]
    metrics: list[Message]
    dead: list[Message]
    log: str
    shown: str
    before: set[str]
    after: set[str]


def start(clusters: TwoClusters, settings: dict[str, str], shared_data: Path, count: int) -> None:
    sent = alert_messages.stream(shared_data / "ztf_sorting_hat.avro")[:count]
    produce(clusters.survey.bootstrap, settings["CONSUMER_TOPICS"], sent)


@pytest.fixture(scope="module")
def night(
    clusters: TwoClusters, model: Path, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Night:
    """A worker between the two clusters, logging whatever it can."""
    settings = clusters.environment(MODEL_PATH=str(model), LOG_LEVEL="DEBUG")
    start(clusters, settings, shared_data, ALERTS)
    broken = alert_messages.stream(shared_data / "ztf_sorting_hat_unreadable.avro")
    produce(clusters.survey.bootstrap, settings["CONSUMER_TOPICS"], broken)
    before = clusters.survey.topics()
    with worker(settings, tmp_path_factory.mktemp("night")) as running:
        running.wait_for(f"{ALERTS + len(broken)} in all")
        # A worker that stops does not wait for the delivery of metrics.
        batches = running.text().count("] batch of ")
        wait_for_count(clusters.results.bootstrap, settings["METRICS_TOPIC"], batches)
        shown = _shown_by_the_system(running)
        running.terminate()
        assert running.process.returncode == 0, running.text()
        log = running.text()

    def read(topic: str) -> list[Message]:
        return read_all(clusters.results.bootstrap, topic)

    (output,) = (
        topic
        for topic in clusters.results.topics()
        if topic.startswith(settings["PRODUCER_TOPIC_FORMAT"].removesuffix("%s"))
    )
    return Night(
        settings=settings,
        output=read(output),
        scribe=read(settings["SCRIBE_TOPIC"]),
        metrics=read(settings["METRICS_TOPIC"]),
        dead=read(settings["DEADLETTER_TOPIC"]),
        log=log,
        shown=shown,
        before=before,
        after=clusters.survey.topics(),
    )


def _shown_by_the_system(running: Worker) -> str:
    """Return what every user of the machine can see of the process: its arguments and title."""
    folder = Path("/proc", str(running.process.pid))
    return (folder / "cmdline").read_text() + (folder / "comm").read_text()


def test_alerts_of_one_cluster_come_out_on_the_other(night: Night, clusters: TwoClusters) -> None:
    documents = [json.loads(message.value or b"") for message in night.metrics]
    assert sum(one["n_messages"] for one in documents) == ALERTS + 3
    assert len(night.dead) == sum(one["dead_lettered"] for one in documents) == 3
    assert len(night.output) == len(night.scribe) == sum(one["classified"] for one in documents)
    assert len(night.output) > 100
    topic, group = night.settings["CONSUMER_TOPICS"], night.settings["CONSUMER_GROUP_ID"]
    bootstrap = clusters.survey.bootstrap
    assert committed(bootstrap, group, topic) == offsets_to_commit(bootstrap, topic)


def test_a_cluster_of_which_it_may_only_read_gets_no_topic(night: Night) -> None:
    assert night.settings["CONSUMER_TOPICS"] in night.before
    assert night.after - INTERNAL == night.before - INTERNAL


def test_no_password_is_shown_even_where_everything_is_logged(
    night: Night, clusters: TwoClusters
) -> None:
    assert "SaslAuthenticateRequest" in night.log
    # What Faust reports about itself is shown at this level only.
    assert "[^-StampApp]: Starting..." in night.log
    assert clusters.consumer.user in night.log
    for secret in clusters.passwords:
        assert secret not in night.log
        assert secret not in night.shown


def test_alerts_come_in_by_every_other_way(
    clusters: TwoClusters, ztf_model: Path, tmp_path: Path
) -> None:
    """The night's consumer uses SASL_SSL and SCRAM-SHA-512; three others share its work here."""
    ways = {"SCRAM-SHA-256": clusters.producer, "PLAIN": clusters.scribe, "SSL": clusters.metrics}
    sent = [Record(b"%d" % n, container(record(aid=str(n)))) for n in range(20)]
    with ExitStack() as stack:
        started = {}
        for way, access in ways.items():
            topic = f"by-{secrets.token_hex(4)}"
            create_topics(access.broker.bootstrap, {topic: 1})
            keys = clusters.environment(
                MODEL_PATH=str(ztf_model), CONSUMER_TOPICS=topic, **access.environment("CONSUMER")
            )
            if access.user:
                access.broker.grant(access.user, "READ", topic=topic)
                access.broker.grant(access.user, "READ", group=keys["CONSUMER_GROUP_ID"])
            produce(access.broker.bootstrap, topic, sent)
            (tmp_path / way).mkdir()
            started[way] = keys, stack.enter_context(worker(keys, tmp_path / way))
        for _, running in started.values():
            running.wait_for("20 in all")
            running.terminate()
            assert running.process.returncode == 0, running.text()
    bootstrap = clusters.results.bootstrap
    for keys, _ in started.values():
        done = committed(bootstrap, keys["CONSUMER_GROUP_ID"], keys["CONSUMER_TOPICS"])
        assert done == {0: 20}
        assert len(read_all(bootstrap, keys["SCRIBE_TOPIC"])) == 20


@pytest.fixture
def settings(clusters: TwoClusters, model: Path) -> Callable[..., dict[str, str]]:
    return lambda **changes: clusters.environment(MODEL_PATH=str(model), **changes)


def test_without_the_metrics_cluster_alerts_are_classified(
    settings: Callable[..., dict[str, str]],
    clusters: TwoClusters,
    shared_data: Path,
    tmp_path: Path,
) -> None:
    keys = settings(METRICS_SERVER=f"{UNKNOWN_HOST}:9092")
    start(clusters, keys, shared_data, 20)
    with worker(keys, tmp_path) as running:
        running.wait_for("20 in all")
        assert "The worker continues without metrics: the metrics cluster" in running.text()
        assert "check METRICS_SERVER" in running.text()
        running.terminate()
        assert running.process.returncode == 0
    topic = keys["CONSUMER_TOPICS"]
    done = committed(clusters.survey.bootstrap, keys["CONSUMER_GROUP_ID"], topic)
    assert sum(done.values()) == 20


def test_a_revoked_permission_stops_the_worker_with_the_reason(
    settings: Callable[..., dict[str, str]],
    clusters: TwoClusters,
    shared_data: Path,
    tmp_path: Path,
) -> None:
    topic, group, commands = (settings() for _ in range(3))
    reader, scribe = clusters.consumer.user, clusters.scribe.user
    with ExitStack() as stack:
        workers = []
        for number, keys in enumerate((topic, group, commands)):
            folder = tmp_path / str(number)
            folder.mkdir()
            workers.append(stack.enter_context(worker(keys, folder)))
        for running in workers:
            running.wait_for("Worker ready")
        clusters.survey.withdraw(reader, "READ", topic=topic["CONSUMER_TOPICS"])
        clusters.survey.withdraw(reader, "READ", group=group["CONSUMER_GROUP_ID"])
        clusters.results.withdraw(scribe, "WRITE", topic=commands["SCRIBE_TOPIC"])
        start(clusters, commands, shared_data, 20)
        last = [_final_message(running) for running in workers]
    assert f"'reader' read {topic['CONSUMER_TOPICS']}: grant READ" in last[0]
    assert f"consume as the group {group['CONSUMER_GROUP_ID']}: grant READ" in last[1]
    refused = rf"refuses \d+ messages? for {commands['SCRIBE_TOPIC']}: TopicAuthorizationFailed"
    assert re.search(refused, last[2])
    assert "grant WRITE to user 'scribe'" in last[2]
    # Nothing was acknowledged that has not come out whole.
    bootstrap = clusters.survey.bootstrap
    assert not committed(bootstrap, commands["CONSUMER_GROUP_ID"], commands["CONSUMER_TOPICS"])


def _final_message(running: Worker) -> str:
    assert running.exit_code(AMPLE) == 1, running.text()
    return running.text().splitlines()[-1]


def test_a_changed_password_stops_the_worker_after_the_stall_timeout(
    settings: Callable[..., dict[str, str]], clusters: TwoClusters, tmp_path: Path
) -> None:
    keys = settings(STALL_TIMEOUT="10")
    reader, survey = clusters.consumer, clusters.survey
    with worker(keys, tmp_path) as running:
        running.wait_for("Worker ready")
        survey.add_user(reader.user, password(), reader.mechanism)
        try:
            survey.restart()
            assert "it refuses user 'reader'" in _final_message(running)
            assert "CONSUMER_SASL_PASSWORD" in _final_message(running)
        finally:
            survey.add_user(reader.user, reader.password, reader.mechanism)

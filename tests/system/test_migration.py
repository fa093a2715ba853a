"""Migrate from the existing step: only the image changes.

The environment is that of the step's Helm chart, on two clusters with authentication. Instead of
the system's certificates, which the image trusts, the process trusts those in SSL_CERT_FILE.
"""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from tests.support import alert_messages
from tests.support.existing_step import ExistingStep, existing_step
from tests.support.stopwatch import AMPLE
from tests.support.topics import (
    Message,
    Record,
    committed,
    offsets_to_commit,
    produce,
    read_all,
)
from tests.support.two_clusters import TwoClusters
from tests.support.worker import command, worker

ROOT = Path(__file__).parents[2]
ALERTS, DONE_BEFORE = 40, 10
BROKEN = Record(b"ZTF-broken", b"not an alert")
JOINED = "Worker ready"
# What clients say of a topic that is being made.
PASSING = ("not found in cluster metadata", "NotLeaderForPartitionError")


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What a worker did in the place of a step that had already done some."""

    step: ExistingStep
    began: datetime
    topics: set[str]
    output: list[dict[str, Any]]
    keys: set[str]
    commands: list[dict[str, Any]]
    figures: list[dict[str, Any]]
    dead: list[Message]
    log: str


@pytest.fixture(scope="module")
def alerts(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    path = tmp_path_factory.mktemp("sky") / "sky.avro"
    environment = ("--survey", "ZTF", "--count", str(ALERTS), "--seed", "6", "--to", str(path))
    done = command("simulate", *environment)
    assert done.returncode == 0, done.stderr
    return alert_messages.stream(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working directory of the image: the models are in it."""
    path = tmp_path_factory.mktemp("app")
    (path / "model").symlink_to(ROOT / "model")
    return path


def environment(step: ExistingStep) -> dict[str, str]:
    return step.environment | {"SSL_CERT_FILE": str(step.own.cafile)}


@pytest.fixture(scope="module")
def moved(clusters: TwoClusters, alerts: list[Record], folder: Path) -> Moved:
    step = existing_step(clusters)
    settings, own, public = step.environment, clusters.survey, clusters.results
    topic = settings["CONSUMER_TOPICS"]
    produce(own.bootstrap, topic, [*alerts, BROKEN])
    with step.member() as member:
        step.consume(member, DONE_BEFORE)
    began = datetime.now(UTC)
    with worker(environment(step), folder) as running:
        running.wait_for(f"{ALERTS + 1 - DONE_BEFORE} in all", AMPLE)
        running.terminate()
        assert running.process.returncode == 0, running.text()
        log = running.text()
    assert committed(own.bootstrap, step.group, topic) == offsets_to_commit(own.bootstrap, topic)
    topics = {one for one in public.topics() if step.unique in one}
    (night,) = (one for one in topics if one.startswith("stamp_classifier_"))
    output = read_all(public.bootstrap, night)
    return Moved(
        step=step,
        began=began,
        topics=topics,
        output=alert_messages.decoded([one.value for one in output]),
        keys={(one.key or b"").decode() for one in output},
        commands=_commands(read_all(own.bootstrap, settings["SCRIBE_TOPIC"])),
        figures=_documents(read_all(own.bootstrap, settings["METRICS_TOPIC"])),
        dead=read_all(public.bootstrap, f"{step.group}-deadletter"),
        log=log,
    )


def _documents(messages: list[Message]) -> list[dict[str, Any]]:
    return [json.loads(one.value or b"") for one in messages]


def _commands(messages: list[Message]) -> list[dict[str, Any]]:
    return [
        json.loads(one["payload"]) for one in alert_messages.decoded([m.value for m in messages])
    ]


def test_it_continues_where_the_step_has_stopped(moved: Moved) -> None:
    assert sum(one["n_messages"] for one in moved.figures) == ALERTS + 1 - DONE_BEFORE
    outcomes = ("classified", "superseded", "ruled_out", "dead_lettered")
    counts = {name: sum(one[name] for one in moved.figures) for name in outcomes}
    assert sum(counts.values()) == ALERTS + 1 - DONE_BEFORE
    assert len(moved.output) == len(moved.commands) == counts["classified"] > 20


def test_results_are_in_the_topic_of_the_night_by_its_change_hour(moved: Moved) -> None:
    nights = {_night(moved.began), _night(datetime.now(UTC))}
    form = moved.step.environment["PRODUCER_TOPIC_FORMAT"]
    dead = f"{moved.step.group}-deadletter"
    assert moved.topics - {dead} <= {form % night for night in nights}


def _night(instant: datetime) -> str:
    day = instant + timedelta(days=1) if instant.hour >= 23 else instant
    return day.strftime("%Y%m%d")


def test_that_topic_is_kept_as_long_as_it_was(moved: Moved, clusters: TwoClusters) -> None:
    (night,) = (one for one in moved.topics if one.startswith("stamp_classifier_"))
    resource = ConfigResource(ResourceType.TOPIC, night)
    admin = AdminClient({"bootstrap.servers": clusters.results.bootstrap})
    found = admin.describe_configs([resource])[resource].result(30)
    assert found["retention.ms"].value == str(24 * 3600 * 1000)


def test_messages_name_the_model_that_the_deployment_names(moved: Moved) -> None:
    for one in moved.output:
        assert (one["classifier_name"], one["classifier_version"]) == ("stamp_classifier", "1.0.4")
    for one in moved.commands:
        assert one["data"]["classifier_name"] == "stamp_classifier"
        assert one["data"]["classifier_version"] == "1.0.4"
    assert {one["criteria"]["_id"] for one in moved.commands} == moved.keys


def test_metrics_name_the_source_and_survey_that_the_deployment_names(moved: Moved) -> None:
    settings = moved.step.environment
    expected = (settings["METRICS_SOURCE"], settings["METRICS_SURVEY"])
    assert {(one.get("source"), one.get("survey")) for one in moved.figures} == {expected}


def test_dead_letters_are_published_with_the_results(moved: Moved) -> None:
    (dead,) = moved.dead
    assert (dead.key, dead.value) == (BROKEN.key, BROKEN.value)
    assert ("error.type", b"not-avro") in dead.headers


def test_there_are_no_warnings_and_no_password_is_shown(moved: Moved) -> None:
    complaints = [one for one in moved.log.splitlines() if "WARNING" in one or "ERROR" in one]
    assert not [one for one in complaints if not any(words in one for words in PASSING)]
    for secret in moved.step.passwords.values():
        assert secret not in moved.log


def test_check_says_of_it_beforehand_that_it_would_run(clusters: TwoClusters, folder: Path) -> None:
    step = existing_step(clusters)
    done = command("check", "--json", cwd=folder, **environment(step))
    assert done.returncode == 0, done.stdout + done.stderr


def test_one_may_join_before_the_other_has_left_as_rolling_updates_do(
    clusters: TwoClusters, alerts: list[Record], folder: Path
) -> None:
    step = existing_step(clusters)
    topic, own = step.environment["CONSUMER_TOPICS"], clusters.survey
    produce(own.bootstrap, topic, alerts[:DONE_BEFORE])
    with ExitStack() as stack:
        with step.member() as member:
            step.consume(member, DONE_BEFORE)
            running = stack.enter_context(worker(environment(step), folder))
            deadline = time.monotonic() + AMPLE
            while JOINED not in running.text():
                # It takes part in rebalances only while it polls.
                assert member.poll(0.2) is None
                assert time.monotonic() < deadline, running.text()
        produce(own.bootstrap, topic, alerts[DONE_BEFORE:])
        running.wait_for(f"{ALERTS - DONE_BEFORE} in all", AMPLE)
        running.terminate()
    assert committed(own.bootstrap, step.group, topic) == offsets_to_commit(own.bootstrap, topic)

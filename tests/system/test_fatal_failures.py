"""A fatal failure stops a worker in half a minute, with the reason; its successor goes on."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import pytest

from tests.support import atlas
from tests.support.alerts import container, record
from tests.support.apache_kafka import ApacheKafka
from tests.support.stopwatch import AMPLE
from tests.support.topics import (
    Record,
    committed,
    create_topics,
    offsets_to_commit,
    produce,
    read_all,
)
from tests.support.worker import FAUST, Worker, worker
from tests.system.conftest import environment
from tests.system.survey_setups import FAKE_ATLAS_PACKAGE

WITHIN = 30.0
ROOT = Path(__file__).parents[2]
WORKER = (*FAUST, "worker")


def alerts(count: int = 60, **changes: object) -> list[Record]:
    return [
        Record(f"A{n}".encode(), container(record(aid=f"A{n}", **changes)), n % 4)
        for n in range(count)
    ]


def ended(running: Worker, after: float) -> str:
    """Return the final message of a worker that must have ended since this time."""
    assert running.exit_code(WITHIN - (time.monotonic() - after)) == 1, running.text()
    return running.text().splitlines()[-1]


def finish(kafka: ApacheKafka, settings: dict[str, str], argv: Sequence[str], folder: Path) -> None:
    """Start the same worker again, as a supervisor does, and see it do all that is left."""
    topic, group = settings["CONSUMER_TOPICS"], settings["CONSUMER_GROUP_ID"]
    ends = offsets_to_commit(kafka.bootstrap, topic)
    with worker(settings, folder, argv) as running:
        deadline = time.monotonic() + AMPLE
        while committed(kafka.bootstrap, group, topic) != ends:
            assert running.process.poll() is None, running.text()
            assert time.monotonic() < deadline, running.text()
            time.sleep(0.3)
        running.terminate()
        assert running.process.returncode == 0, running.text()


def keys(bootstrap: str, topic: str) -> set[bytes | None]:
    return {message.key for message in read_all(bootstrap, topic)}


@pytest.mark.parametrize(
    ("answers", "reason"),
    [("by an error", "the network found no memory"), ("nothing", "'NoneType' object has no")],
)
def test_a_model_that_fails(answers: str, reason: str, kafka: ApacheKafka, tmp_path: Path) -> None:
    settings = environment(
        kafka.bootstrap,
        CLASSIFIER_STRATEGY="ATLAS",
        PYTHONPATH=str(FAKE_ATLAS_PACKAGE),
        STANDIN_FAILS=str(tmp_path / "failed"),
        STANDIN_ANSWERS=answers,
    )
    pair = {"science": atlas.stamp(), "template": None, "difference": atlas.stamp(1)}
    sent = alerts(sid="ATLAS", tid="ATLAS-01a", stamps=pair)
    produce(kafka.bootstrap, settings["CONSUMER_TOPICS"], sent)
    with worker(settings, tmp_path) as running:
        running.wait_for("Worker ready")
        last = ended(running, time.monotonic())
    assert last.startswith("stampapp stops: ")
    assert reason in last
    group = settings["CONSUMER_GROUP_ID"]
    assert not committed(kafka.bootstrap, group, settings["CONSUMER_TOPICS"])
    assert not read_all(kafka.bootstrap, settings["DEADLETTER_TOPIC"])
    finish(kafka, settings, WORKER, tmp_path)
    everyone = {one.key for one in sent}
    assert keys(kafka.bootstrap, settings["PRODUCER_TOPIC_FORMAT"]) == everyone
    assert keys(kafka.bootstrap, settings["SCRIBE_TOPIC"]) == everyone


@pytest.mark.parametrize("agent", ["classification", "output", "scribe", "deadletter"])
def test_an_agent_that_fails(
    agent: str, kafka: ApacheKafka, ztf_model: Path, tmp_path: Path
) -> None:
    settings = environment(
        kafka.bootstrap,
        CLASSIFIER_STRATEGY="ZTF",
        MODEL_PATH=str(ztf_model),
        CONSUME_MESSAGES="20",
        PYTHONPATH=str(ROOT),
    )
    good = alerts()
    bad = [Record(one.key, b"no alert", one.partition) for one in good]
    both = list(chain.from_iterable(zip(good, bad, strict=True)))
    produce(kafka.bootstrap, settings["CONSUMER_TOPICS"], both)
    flag = str(tmp_path / "died")
    argv = (sys.executable, "-m", "tests.support.failing_agent", agent, flag, "worker")
    with worker(settings, tmp_path, argv) as running:
        running.wait_for("Worker ready")
        last = ended(running, time.monotonic())
    assert last == f"stampapp stops: the agent {agent} was made to fail"
    done = committed(kafka.bootstrap, settings["CONSUMER_GROUP_ID"], settings["CONSUMER_TOPICS"])
    assert sum(done.values()) < len(both)
    finish(kafka, settings, argv, tmp_path)
    everyone = {one.key for one in good}
    for topic in ("PRODUCER_TOPIC_FORMAT", "SCRIBE_TOPIC", "DEADLETTER_TOPIC"):
        assert keys(kafka.bootstrap, settings[topic]) == everyone


def test_a_delivery_that_times_out(kafka: ApacheKafka, ztf_model: Path, tmp_path: Path) -> None:
    with ApacheKafka(heap_mb=256) as scribe:
        settings = environment(
            kafka.bootstrap,
            CLASSIFIER_STRATEGY="ZTF",
            MODEL_PATH=str(ztf_model),
            SCRIBE_SERVER=scribe.bootstrap,
            DELIVERY_TIMEOUT="8",
        )
        create_topics(scribe.bootstrap, {settings["SCRIBE_TOPIC"]: 1})
        sent = alerts()
        with worker(settings, tmp_path) as running:
            running.wait_for("Worker ready")
            scribe.kill()
            produce(kafka.bootstrap, settings["CONSUMER_TOPICS"], sent)
            last = ended(running, time.monotonic())
        where = f"the scribe's cluster {scribe.bootstrap}"
        assert last.startswith(f"stampapp stops: {where} has not confirmed")
        assert "in 8 s (DELIVERY_TIMEOUT)" in last
        assert "no program listens on that port" in last
        topic, group = settings["CONSUMER_TOPICS"], settings["CONSUMER_GROUP_ID"]
        assert not committed(kafka.bootstrap, group, topic)
        scribe.start()
        finish(kafka, settings, WORKER, tmp_path)
        assert keys(scribe.bootstrap, settings["SCRIBE_TOPIC"]) == {one.key for one in sent}

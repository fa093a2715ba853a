from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from aiokafka import errors as kafka

from stampapp.config import settings
from stampapp.config.environment import Reader
from stampapp.config.settings import Settings
from stampapp.errors import BadAlert, ConfigError
from stampapp.monitoring.worker_state import Counts
from stampapp.results.outcome import Outcome, Verdict
from stampapp.worker.runtime import Works
from tests.support.judging import FakeClassifier
from tests.support.surroundings import Surroundings, feed, until

KEYS = {
    "CLASSIFIER_STRATEGY": "ZTF",
    "CONSUMER_TOPICS": "alerts",
    "CONSUMER_SERVER": "127.0.0.1:1",
    "CONSUMER_GROUP_ID": "group",
    "PRODUCER_TOPIC_FORMAT": "out_%s",
    "SCRIBE_TOPIC": "scribe",
    "METRICS_TOPIC": "metrics",
    "CONSUME_MESSAGES": "2",
}


def configured() -> Settings:
    return settings.load(Reader(KEYS.get))


def outcomes(**numbers: int) -> list[Outcome]:
    return [
        Outcome(verdict=Verdict(name), error=BadAlert("x", "x") if "dead" in name else None)
        for name, number in numbers.items()
        for _ in range(number)
    ]


def test_the_counts_add_up() -> None:
    counts = Counts()
    counts.add(outcomes(classified=3, superseded=1))
    counts.add(outcomes(classified=1, ruled_out=2, dead_lettered=4))
    assert counts.by_verdict == {
        "classified": 4,
        "superseded": 1,
        "ruled_out": 2,
        "dead_lettered": 4,
    }
    assert counts.total == 11


def test_without_usable_settings_it_says_what_is_wrong() -> None:
    problem = ConfigError("SCRIBE_TOPIC is not set")
    with pytest.raises(ConfigError) as error:
        Works(problem).required()
    assert error.value is problem


async def test_without_usable_settings_it_does_not_open() -> None:
    with pytest.raises(ConfigError, match="SCRIBE_TOPIC"):
        await Works(ConfigError("SCRIBE_TOPIC is not set")).open()


async def test_it_does_not_open_where_nobody_listens() -> None:
    with pytest.raises(ConfigError, match=r"consumer's cluster 127\.0\.0\.1:1 cannot be used: .*"):
        await Works(configured()).open()


async def test_before_it_is_open_it_is_not_ready_and_closes_without_harm() -> None:
    works = Works(configured())
    assert not works.ready
    await works.hand_back(0.1)
    await works.close()


def test_the_first_failure_is_the_reason_and_a_cancellation_is_none() -> None:
    works = Works(configured())
    works.failed(asyncio.CancelledError())
    assert works.failure is None
    works.failed(kafka.GroupAuthorizationFailedError("group"))
    works.failed(RuntimeError("what follows from it"))
    assert "does not let us (no user name is set) consume as the group group" in str(works.failure)


def test_without_usable_settings_a_failure_speaks_for_itself() -> None:
    works, problem = Works(ConfigError("not set")), RuntimeError("no")
    works.failed(problem)
    assert works.failure is problem


@pytest.fixture
def around() -> Surroundings:
    return Surroundings()


def piped(around: Surroundings) -> Works:
    works = Works(replace(configured(), batch_timeout=60.0))
    works.classifier = FakeClassifier()
    works.start_pipeline(deliver=around.deliver, commit=around.commit, fail=around.fail)
    return works


async def test_the_pipeline_has_the_size_that_was_set(around: Surroundings) -> None:
    works = piped(around)
    assert works.pipeline is not None
    await feed(works.pipeline, 0, 1, 2)
    await until(lambda: around.delivered)
    await works.close()
    assert around.offsets == [[0, 1], [2]]
    assert around.commits[-1] == {("alerts", 0): 3}


async def test_partitions_are_handed_back_with_what_is_done_committed(
    around: Surroundings, caplog: pytest.LogCaptureFixture
) -> None:
    around.hold(2)
    works = piped(around)
    assert works.pipeline is not None
    await feed(works.pipeline, 0, 1, 2, 3)
    await until(lambda: around.waiting)
    await works.hand_back(0.05)
    assert around.commits == [{("alerts", 0): 2}]
    assert works.pipeline.ledger.open == 0
    assert "2 messages are given back unfinished" in caplog.text
    around.hold(2).set()
    await works.close()
    assert around.commits == [{("alerts", 0): 2}]

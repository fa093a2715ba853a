from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import pytest
from aiokafka import errors as kafka

from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.avro.registry_access import RegistryAccess
from stampapp.avro.schema_registry import SchemaRegistry
from stampapp.config import settings
from stampapp.config.environment import Reader
from stampapp.config.settings import Settings
from stampapp.errors import BadAlert, ConfigError
from stampapp.monitoring.worker_state import WorkerCounts
from stampapp.results.outcome import Outcome, OutcomeKind
from stampapp.worker.runtime import WorkerRuntime
from tests.support.fake_classifier import FakeClassifier
from tests.support.fake_registry import UNKNOWN, FakeRegistry, serving
from tests.support.pipeline_harness import PipelineHarness, feed, until

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
    return settings.load_settings(Reader(KEYS.get))


def outcomes(**numbers: int) -> list[Outcome]:
    return [
        Outcome(kind=OutcomeKind(name), error=BadAlert("x", "x") if "dead" in name else None)
        for name, number in numbers.items()
        for _ in range(number)
    ]


def test_the_counts_add_up() -> None:
    counts = WorkerCounts()
    counts.add(outcomes(classified=3, superseded=1))
    counts.add(outcomes(classified=1, ruled_out=2, dead_lettered=4))
    assert counts.by_kind == {
        "classified": 4,
        "superseded": 1,
        "ruled_out": 2,
        "dead_lettered": 4,
    }
    assert counts.total == 11


def test_invalid_settings_raise_their_problems() -> None:
    problem = ConfigError("SCRIBE_TOPIC is not set")
    with pytest.raises(ConfigError) as error:
        WorkerRuntime(problem).required_settings()
    assert error.value is problem


async def test_without_usable_settings_it_does_not_open() -> None:
    with pytest.raises(ConfigError, match="SCRIBE_TOPIC"):
        await WorkerRuntime(ConfigError("SCRIBE_TOPIC is not set")).open()


async def test_it_does_not_open_without_a_broker() -> None:
    with pytest.raises(ConfigError, match=r"consumer's cluster 127\.0\.0\.1:1 cannot be used: .*"):
        await WorkerRuntime(configured()).open()


async def test_before_it_is_open_it_is_not_ready_and_can_be_closed() -> None:
    runtime = WorkerRuntime(configured())
    assert not runtime.ready
    await runtime.release_partitions(0.1)
    await runtime.close()


class Closing:
    """A shadow model, or a delivery, that ends only while another one does."""

    def __init__(self, both: asyncio.Barrier) -> None:
        self.both = both

    async def close(self) -> None:
        await self.both.wait()

    async def stop(self) -> None:
        await self.both.wait()


async def test_the_shadow_model_ends_while_the_deliveries_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runtime, both = WorkerRuntime(configured()), asyncio.Barrier(2)
    monkeypatch.setattr(runtime, "shadow", Closing(both))
    monkeypatch.setattr(runtime, "_deliveries", {"producer": Closing(both)})
    async with asyncio.timeout(5):
        await runtime.close()


def test_the_first_failure_is_the_reason_and_a_cancellation_is_none() -> None:
    runtime = WorkerRuntime(configured())
    runtime.record_failure(asyncio.CancelledError())
    assert runtime.failure is None
    runtime.record_failure(kafka.GroupAuthorizationFailedError("group"))
    runtime.record_failure(RuntimeError("what follows from it"))
    assert "does not let a client without a user name consume as the group group" in str(
        runtime.failure
    )


def test_without_usable_settings_a_failure_is_kept_as_it_is() -> None:
    runtime, problem = WorkerRuntime(ConfigError("not set")), RuntimeError("no")
    runtime.record_failure(problem)
    assert runtime.failure is problem


@pytest.fixture
def harness() -> PipelineHarness:
    return PipelineHarness()


def runtime_with_pipeline(harness: PipelineHarness) -> WorkerRuntime:
    runtime = WorkerRuntime(replace(configured(), batch_timeout=60.0))
    runtime.classifier = FakeClassifier()
    runtime.schemas = NO_SCHEMAS
    runtime.start_pipeline(
        deliver=harness.deliver, commit=harness.commit, stop_worker=harness.stop_worker
    )
    return runtime


async def test_it_reports_once_that_it_is_ready_and_each_time_what_it_consumes(
    harness: PipelineHarness, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = runtime_with_pipeline(harness)
    runtime.classifier.provenance = "a test's"
    with caplog.at_level(logging.INFO):
        runtime.report_assignment([("alerts", 1), ("alerts", 0)], web_server="http://here:1")
        runtime.report_assignment([], web_server="http://here:1")
    await runtime.close()
    first, second = caplog.messages
    assert first.startswith("Worker ready: ZTF alerts are classified by ")
    assert " batches at a time; the network runs on TensorFlow; it consumes " in first
    assert (
        "; it consumes alerts (partitions 0-1); web server http://here:1; it uses a test's" in first
    )
    assert second == "Rebalanced: it consumes no partitions"


async def test_the_pipeline_has_the_size_that_was_set(harness: PipelineHarness) -> None:
    runtime = runtime_with_pipeline(harness)
    assert runtime.pipeline is not None
    await feed(runtime.pipeline, 0, 1, 2)
    await until(lambda: harness.delivered)
    await runtime.close()
    assert harness.offsets == [[0, 1], [2]]
    assert harness.commits[-1] == {("alerts", 0): 3}


async def test_released_partitions_are_committed_as_far_as_confirmed(
    harness: PipelineHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.block_delivery(2)
    runtime = runtime_with_pipeline(harness)
    assert runtime.pipeline is not None
    await feed(runtime.pipeline, 0, 1, 2, 3)
    await until(lambda: harness.waiting)
    await runtime.release_partitions(0.05)
    assert harness.commits == [{("alerts", 0): 2}]
    assert runtime.pipeline.offset_tracker.unfinished == 0
    assert "interrupted 2 unfinished messages" in caplog.text
    harness.block_delivery(2).set()
    await runtime.close()
    assert harness.commits == [{("alerts", 0): 2}]


async def test_a_worker_that_waits_for_a_schema_is_not_ready(harness: PipelineHarness) -> None:
    runtime = runtime_with_pipeline(harness)
    assert runtime.ready
    with serving(FakeRegistry(answer=lambda _: UNKNOWN)) as url:
        registry = SchemaRegistry(RegistryAccess(url=url))
        runtime.schemas = MessageSchemas(registry=registry)
        waiting = asyncio.create_task(registry.load([7]))
        await until(lambda: registry.failing)
        state = runtime.worker_state({}, {}, ())
        assert (runtime.ready, state.ready, state.awaits_schema) == (False, False, True)
        assert state.schema_retries == registry.retries > 0
        waiting.cancel()
    await runtime.close()

"""Messages that name a schema wait for the registry, and lose nothing by it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator

import pytest

from stampapp.avro import schema_registry
from stampapp.avro.framing import wire_header
from stampapp.avro.message_schemas import MessageSchemas
from stampapp.avro.registry_access import RegistryAccess
from stampapp.avro.schema_registry import SchemaRegistry
from stampapp.errors import SchemaError
from tests.support.alerts import SORTING_HAT, message, record
from tests.support.avro import datum
from tests.support.fake_registry import UNKNOWN, FakeRegistry, schema_answer, serving
from tests.support.pipeline_harness import (
    NO_STAMPS,
    PLACE,
    PipelineHarness,
    feed,
    running_pipeline,
    until,
)

FINE = schema_answer(SORTING_HAT)


def wire_value(number: int) -> bytes:
    return wire_header(number) + datum(SORTING_HAT, record(aid="AW", stamps=NO_STAMPS))


@pytest.fixture
def served() -> Iterator[FakeRegistry]:
    registry = FakeRegistry(answer=lambda _: UNKNOWN)
    with serving(registry):
        yield registry


def schemas(registry: FakeRegistry, timeout: float = 60.0) -> MessageSchemas:
    access = RegistryAccess(url=registry.url, timeout=timeout)
    return MessageSchemas(registry=SchemaRegistry(access))


async def test_a_batch_waits_for_its_schema_and_is_then_classified(
    served: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_registry, "_MAX_RETRY_DELAY", 0.02)
    monkeypatch.setattr(schema_registry, "_MIN_RETRY_DELAY", 0.01)
    harness, source = PipelineHarness(), schemas(served)
    async with running_pipeline(harness, size=1, schemas=source) as pipeline:
        await pipeline.add_message(message(0, wire_value(7)))
        await feed(pipeline, 1)
        await until(lambda: source.registry and source.registry.retries > 2)
        assert (harness.delivered, harness.commits) == ([], [])
        served.answer = lambda _: FINE
        await until(lambda: {PLACE: 2} in harness.commits)
    assert [batch.outcomes[0].error for batch in harness.delivered] == [None, None]
    assert set(served.asked) == {7}


async def test_a_worker_that_waits_for_a_schema_closes_at_once(served: FakeRegistry) -> None:
    harness, source = PipelineHarness(), schemas(served)
    async with running_pipeline(harness, size=1, schemas=source) as pipeline:
        await pipeline.add_message(message(0, wire_value(7)))
        await until(lambda: source.registry and source.registry.failing)
        start = time.monotonic()
        assert not await pipeline.close(0.05)
        assert time.monotonic() - start < 1
    assert (harness.delivered, harness.commits, harness.failures) == ([], [], [])


async def test_after_the_timeout_the_worker_stops_and_commits_nothing(
    served: FakeRegistry,
) -> None:
    harness = PipelineHarness()
    async with running_pipeline(harness, size=1, schemas=schemas(served, 0.01)) as pipeline:
        await pipeline.add_message(message(0, wire_value(7)))
        await until(lambda: harness.failures)
        assert isinstance(harness.failures[0], SchemaError)
        await asyncio.sleep(0.01)
    assert (harness.delivered, harness.commits) == ([], [])


async def test_what_no_registry_can_answer_does_not_wait(served: FakeRegistry) -> None:
    served.answer = lambda _: (200, json.dumps({"schema": "{"}).encode())
    harness = PipelineHarness()
    values = (b"\0", b"\0\xff\xff\xff\xff", wire_value(7), None, b"{}")
    async with running_pipeline(harness, size=len(values), schemas=schemas(served)) as pipeline:
        for offset, value in enumerate(values):
            await pipeline.add_message(message(offset, value))
        await until(lambda: harness.commits)
    causes = [one.error and one.error.cause for one in harness.delivered[0].outcomes]
    assert causes == ["avro-damaged", "schema-unknown", "schema", "empty", "not-avro"]

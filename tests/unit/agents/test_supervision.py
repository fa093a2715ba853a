from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from faust.types import TP

from stampapp.agents import supervision
from stampapp.errors import DeliveryError, StampError
from stampapp.worker.offset_tracker import OffsetTracker
from stampapp.worker.stall_detector import StallDetector
from tests.support.alerts import message
from tests.support.fake_agents import FakeAgents


@pytest.fixture
def agents(monkeypatch: pytest.MonkeyPatch) -> FakeAgents:
    return FakeAgents(monkeypatch)


async def test_the_first_failure_stops_the_worker_once(agents: FakeAgents) -> None:
    first, second = DeliveryError("first"), DeliveryError("second")
    await supervision.stop_worker(first)
    await supervision.stop_worker(second)
    assert agents.runtime.failure is first
    assert agents.crashes == [first]


@pytest.mark.parametrize(
    ("error", "details"),
    [(MemoryError(), "no details"), (MemoryError("no room for 4 GB"), "no room for 4 GB")],
)
async def test_a_lack_of_memory_is_reported_with_its_remedy(
    agents: FakeAgents, error: MemoryError, details: str
) -> None:
    await supervision.stop_worker(error)
    (reason,) = agents.crashes
    assert isinstance(reason, StampError)
    assert agents.runtime.failure is reason
    assert details in str(reason)
    assert "CONSUME_MESSAGES" in str(reason)


class FakeConsumer:
    """A consumer of one partition, whose end is at `end`."""

    def __init__(self, end: int | None) -> None:
        self.end = end

    def assignment(self) -> set[TP]:
        return {TP("alerts", 0)}

    def highwater(self, _: TP) -> int | None:
        return self.end


@pytest.mark.parametrize(
    ("end", "rebalancing", "expected"), [(9, False, 4), (None, False, 0), (9, True, 0)]
)
def test_waiting_messages_are_those_after_the_last_taken(
    agents: FakeAgents,
    monkeypatch: pytest.MonkeyPatch,
    end: int | None,
    rebalancing: bool,
    expected: int,
) -> None:
    offset_tracker = OffsetTracker()
    offset_tracker.add(message(4))
    agents.runtime.pipeline = SimpleNamespace(offset_tracker=offset_tracker, last_activity=0.0)
    around = SimpleNamespace(
        runtime=agents.runtime, consumer=FakeConsumer(end), rebalancing=rebalancing
    )
    monkeypatch.setattr(supervision, "app", around)
    monkeypatch.setattr("stampapp.app.app", around)
    assert supervision.waiting_messages() == expected


async def test_a_stalled_worker_is_stopped(
    agents: FakeAgents, monkeypatch: pytest.MonkeyPatch
) -> None:
    agents.runtime.retrying = agents.runtime.awaits_schema = False
    agents.runtime.pipeline = SimpleNamespace(last_activity=0.0)
    agents.runtime.required_settings = lambda: SimpleNamespace(stall_timeout=0.05)
    monkeypatch.setattr(supervision, "stall_detector", StallDetector())
    monkeypatch.setattr(supervision, "waiting_messages", lambda: 7)
    await supervision.check_progress()
    assert agents.crashes == []
    await asyncio.sleep(0.06)
    for waits in ("retrying", "awaits_schema"):
        setattr(agents.runtime, waits, True)
        await supervision.check_progress()
        assert agents.crashes == []
        setattr(agents.runtime, waits, False)
    await supervision.check_progress()
    assert "7 messages are waiting" in str(agents.crashes[0])


async def test_a_worker_that_lost_access_is_stopped(
    agents: FakeAgents, monkeypatch: pytest.MonkeyPatch
) -> None:
    agents.runtime.retrying = agents.runtime.awaits_schema = False
    agents.runtime.pipeline = SimpleNamespace(last_activity=0.0)
    agents.runtime.required_settings = lambda: SimpleNamespace(stall_timeout=60.0)
    monkeypatch.setattr(supervision, "waiting_messages", lambda: 0)
    await supervision.check_progress()
    assert agents.crashes == []
    agents.problem = "it refuses user 'reader'; check CONSUMER_SASL_PASSWORD"
    await supervision.check_progress()
    assert "check CONSUMER_SASL_PASSWORD" in str(agents.crashes[0])

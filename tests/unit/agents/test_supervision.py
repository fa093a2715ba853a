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
from tests.support.fake_agents import Boxes


@pytest.fixture
def boxes(monkeypatch: pytest.MonkeyPatch) -> Boxes:
    return Boxes(monkeypatch)


async def test_the_first_failure_stops_the_worker_once(boxes: Boxes) -> None:
    first, second = DeliveryError("first"), DeliveryError("second")
    await supervision.fail(first)
    await supervision.fail(second)
    assert boxes.runtime.failure is first
    assert boxes.crashes == [first]


@pytest.mark.parametrize(
    ("error", "told"),
    [(MemoryError(), "no details"), (MemoryError("no room for 4 GB"), "no room for 4 GB")],
)
async def test_a_lack_of_memory_is_told_with_its_remedy(
    boxes: Boxes, error: MemoryError, told: str
) -> None:
    await supervision.fail(error)
    (reason,) = boxes.crashes
    assert isinstance(reason, StampError)
    assert boxes.runtime.failure is reason
    assert told in str(reason)
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
def test_what_waits_is_what_lies_behind_the_last_taken(
    boxes: Boxes, monkeypatch: pytest.MonkeyPatch, end: int | None, rebalancing: bool, expected: int
) -> None:
    offset_tracker = OffsetTracker()
    offset_tracker.add(message(4))
    boxes.runtime.pipeline = SimpleNamespace(offset_tracker=offset_tracker, last_progress=0.0)
    around = SimpleNamespace(
        runtime=boxes.runtime, consumer=FakeConsumer(end), rebalancing=rebalancing
    )
    monkeypatch.setattr(supervision, "app", around)
    monkeypatch.setattr("stampapp.app.app", around)
    assert supervision.waiting_messages() == expected


async def test_a_worker_that_no_longer_gets_on_is_stopped(
    boxes: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes.runtime.retrying = False
    boxes.runtime.pipeline = SimpleNamespace(last_progress=0.0)
    boxes.runtime.required_settings = lambda: SimpleNamespace(stall_timeout=0.05)
    monkeypatch.setattr(supervision, "stall_detector", StallDetector())
    monkeypatch.setattr(supervision, "waiting_messages", lambda: 7)
    await supervision.check_progress()
    assert boxes.crashes == []
    await asyncio.sleep(0.06)
    boxes.runtime.retrying = True
    await supervision.check_progress()
    assert boxes.crashes == []
    boxes.runtime.retrying = False
    await supervision.check_progress()
    assert "7 messages are waiting" in str(boxes.crashes[0])


async def test_a_worker_that_is_no_longer_let_in_is_stopped(
    boxes: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes.runtime.retrying = False
    boxes.runtime.pipeline = SimpleNamespace(last_progress=0.0)
    boxes.runtime.required_settings = lambda: SimpleNamespace(stall_timeout=60.0)
    monkeypatch.setattr(supervision, "waiting_messages", lambda: 0)
    await supervision.check_progress()
    assert boxes.crashes == []
    boxes.problem = "user 'reader' is not let in; see CONSUMER_SASL_PASSWORD"
    await supervision.check_progress()
    assert "see CONSUMER_SASL_PASSWORD" in str(boxes.crashes[0])

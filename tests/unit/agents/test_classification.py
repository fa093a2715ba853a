from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from stampapp.agents import classification as room
from stampapp.alerts.alert import Message, Outcome, Prediction, Survey, Verdict
from stampapp.errors import BadAlert, DeliveryError, StampError
from stampapp.galleries import Gallery
from stampapp.monitoring.prometheus import Gauges
from stampapp.results import provenance
from stampapp.worker.offset_tracker import Ledger
from stampapp.worker.pipeline import Batch
from stampapp.worker.runtime import Counts
from stampapp.worker.stall_detector import StallWatch
from tests.support.alerts import alert, message
from tests.support.judging import FakeClassifier, classification

FAULT = BadAlert("stamp-missing", "there is none")
ONE = alert(aid="A", candid="1")
CLASSIFIED = Outcome(verdict=Verdict.CLASSIFIED, alert=ONE, classification=classification(ONE))
RULED_OUT = Outcome(verdict=Verdict.RULED_OUT, alert=ONE, classification=classification(ONE, None))
SUPERSEDED = Outcome(verdict=Verdict.SUPERSEDED, alert=ONE)
DEAD = Outcome(verdict=Verdict.DEAD_LETTERED, error=FAULT)


class FakeOutbox:
    def __init__(self) -> None:
        self.payloads: list[Any] = []
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.room = True

    async def deliver_and_wait(self, payload: object) -> None:
        self.payloads.append(payload)
        if self.gate:
            await self.gate.wait()
        if self.error:
            raise self.error

    def post(self, payload: object) -> bool:
        self.payloads.append(payload)
        return self.room


class Boxes:
    """The outboxes of the forwarding agents, and the works, all of them fakes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.output, self.scribe, self.deadletter, self.metrics = (FakeOutbox() for _ in range(4))
        for name in ("output", "scribe", "deadletter", "metrics"):
            monkeypatch.setattr(room, name, SimpleNamespace(outbox=getattr(self, name)))
        self.works: Any = SimpleNamespace(
            counts=Counts(),
            classifier=FakeClassifier(),
            gallery=Gallery(("SN", "bogus"), 0.0),
            gauges=Gauges(Survey.ZTF, FakeClassifier()),
            failure=None,
            failed=self.failed,
            welcome=SimpleNamespace(outstayed=self.outstayed),
            required=lambda: SimpleNamespace(group_id="group"),
        )
        self.crashes: list[BaseException] = []
        self.problem: str | None = None
        monkeypatch.setattr(room, "app", SimpleNamespace(works=self.works, crash=self.crash))

    async def crash(self, error: BaseException) -> None:
        self.crashes.append(error)

    def failed(self, error: BaseException) -> None:
        self.works.failure = error

    async def outstayed(self, heard: float) -> str | None:  # noqa: ARG002  # as Works has it
        return self.problem


@pytest.fixture
def boxes(monkeypatch: pytest.MonkeyPatch) -> Boxes:
    return Boxes(monkeypatch)


def batch(outcomes: Sequence[Outcome]) -> Batch:
    return Batch(
        messages=tuple(message(offset) for offset in range(len(outcomes))),
        outcomes=tuple(outcomes),
        received=datetime.now(UTC),
    )


def event(**changes: Any) -> Any:
    raw = {
        "topic": "alerts",
        "partition": 3,
        "offset": 42,
        "key": b"k",
        "value": b"v",
        "timestamp": 1_600_000_000.123,
        "headers": [("h", b"\xff")],
    }
    return SimpleNamespace(message=SimpleNamespace(**raw | changes))


def test_a_message_is_taken_as_kafka_delivered_it() -> None:
    assert room.message_of(event()) == Message(
        topic="alerts",
        partition=3,
        offset=42,
        key=b"k",
        value=b"v",
        timestamp=1_600_000_000_123,
        headers=(("h", b"\xff"),),
    )


@pytest.mark.parametrize(
    ("field", "raw", "expected"),
    [
        ("headers", None, ()),
        ("headers", [], ()),
        ("timestamp", None, None),
        ("timestamp", 1_699_999_999.999, 1_699_999_999_999),
        ("key", None, None),
        ("value", None, None),
    ],
)
def test_what_a_message_may_lack(field: str, raw: object, expected: object) -> None:
    assert getattr(room.message_of(event(**{field: raw})), field) == expected


async def test_each_outcome_goes_where_it_belongs(boxes: Boxes) -> None:
    outcomes = batch([SUPERSEDED, CLASSIFIED, DEAD, RULED_OUT])
    await room.deliver(outcomes)
    named = provenance.of_batch(outcomes.messages, outcomes.outcomes, "group")
    prediction = Prediction(classification=classification(ONE), headers=named[1])
    assert boxes.output.payloads == boxes.scribe.payloads == [[prediction]]
    assert boxes.deadletter.payloads == [[(message(2), FAULT, named[2])]]


@pytest.mark.parametrize("outcomes", [[SUPERSEDED], [RULED_OUT]])
async def test_without_a_result_nothing_is_published_but_figures(
    boxes: Boxes, outcomes: list[Outcome]
) -> None:
    await room.deliver(batch(outcomes))
    assert boxes.output.payloads == boxes.scribe.payloads == boxes.deadletter.payloads == []
    assert len(boxes.metrics.payloads) == 1


async def test_the_figures_of_a_batch_are_counted_and_sent(boxes: Boxes) -> None:
    await room.deliver(batch([CLASSIFIED, SUPERSEDED, DEAD, DEAD]))
    assert boxes.works.counts.by_verdict == {
        "classified": 1,
        "superseded": 1,
        "ruled_out": 0,
        "dead_lettered": 2,
    }
    (document,) = map(json.loads, boxes.metrics.payloads)
    assert document["n_messages"] == 4
    assert document["class"] == {"A": "SN"}
    assert (document["classifier_name"], document["classifier_version"]) == ("fake", "1.2.3")
    assert boxes.works.counts.metrics_lost == 0
    assert [one.alert for one in boxes.works.gallery.showcase.latest()] == [ONE]


async def test_without_a_page_nothing_is_kept_for_it(boxes: Boxes) -> None:
    boxes.works.gallery = None
    await room.deliver(batch([CLASSIFIED]))
    assert len(boxes.metrics.payloads) == 1


async def test_figures_that_find_no_room_are_counted_as_lost(boxes: Boxes) -> None:
    boxes.metrics.room = False
    await room.deliver(batch([CLASSIFIED]))
    assert boxes.works.counts.metrics_lost == 1


@pytest.mark.parametrize("box", ["output", "scribe", "deadletter"])
async def test_it_waits_for_every_delivery(boxes: Boxes, box: str) -> None:
    gate = asyncio.Event()
    getattr(boxes, box).gate = gate
    delivering = asyncio.ensure_future(room.deliver(batch([CLASSIFIED, DEAD])))
    await asyncio.sleep(0.02)
    assert not delivering.done()
    assert boxes.metrics.payloads == []
    gate.set()
    await delivering


@pytest.mark.parametrize("box", ["output", "scribe", "deadletter"])
async def test_a_delivery_that_fails_fails_the_batch_and_counts_nothing(
    boxes: Boxes, box: str
) -> None:
    getattr(boxes, box).error = DeliveryError("hopeless")
    with pytest.raises(DeliveryError, match="hopeless"):
        await room.deliver(batch([CLASSIFIED, DEAD]))
    assert sum(boxes.works.counts.by_verdict.values()) == 0
    assert boxes.metrics.payloads == []


async def test_the_first_failure_stops_the_worker_once(boxes: Boxes) -> None:
    first, second = DeliveryError("first"), DeliveryError("second")
    await room.fail(first)
    await room.fail(second)
    assert boxes.works.failure is first
    assert boxes.crashes == [first]


@pytest.mark.parametrize(
    ("error", "told"),
    [(MemoryError(), "Python says no more"), (MemoryError("no room for 4 GB"), "no room for 4 GB")],
)
async def test_a_lack_of_memory_is_told_with_its_remedy(
    boxes: Boxes, error: MemoryError, told: str
) -> None:
    await room.fail(error)
    (reason,) = boxes.crashes
    assert isinstance(reason, StampError)
    assert boxes.works.failure is reason
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
    ledger = Ledger()
    ledger.take(message(4))
    boxes.works.pipeline = SimpleNamespace(ledger=ledger, moved=0.0)
    around = SimpleNamespace(works=boxes.works, consumer=FakeConsumer(end), rebalancing=rebalancing)
    monkeypatch.setattr(room, "app", around)
    monkeypatch.setattr("stampapp.app.app", around)
    assert room.waiting() == expected


async def test_a_worker_that_no_longer_gets_on_is_stopped(
    boxes: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes.works.retrying = False
    boxes.works.pipeline = SimpleNamespace(moved=0.0)
    boxes.works.required = lambda: SimpleNamespace(stall_timeout=0.05)
    monkeypatch.setattr(room, "stalls", StallWatch())
    monkeypatch.setattr(room, "waiting", lambda: 7)
    await room.look()
    assert boxes.crashes == []
    await asyncio.sleep(0.06)
    boxes.works.retrying = True
    await room.look()
    assert boxes.crashes == []
    boxes.works.retrying = False
    await room.look()
    assert "7 messages wait" in str(boxes.crashes[0])


async def test_a_worker_that_is_no_longer_let_in_is_stopped(
    boxes: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes.works.retrying = False
    boxes.works.pipeline = SimpleNamespace(moved=0.0)
    boxes.works.required = lambda: SimpleNamespace(stall_timeout=60.0)
    monkeypatch.setattr(room, "waiting", lambda: 0)
    await room.look()
    assert boxes.crashes == []
    boxes.problem = "user 'reader' is not let in; see CONSUMER_SASL_PASSWORD"
    await room.look()
    assert "see CONSUMER_SASL_PASSWORD" in str(boxes.crashes[0])

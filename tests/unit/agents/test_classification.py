from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from stampapp.agents import classification as agent_module
from stampapp.errors import BadAlert, DeliveryError
from stampapp.kafka.message import Message
from stampapp.results import provenance
from stampapp.results.outcome import Outcome, OutcomeKind, Prediction
from stampapp.worker.batch import Batch
from tests.support.alerts import alert, message
from tests.support.fake_agents import FakeAgents
from tests.support.fake_classifier import classification

FAULT = BadAlert("stamp-missing", "there is none")
ONE = alert(aid="A", candid="1")
CLASSIFIED = Outcome(kind=OutcomeKind.CLASSIFIED, alert=ONE, classification=classification(ONE))
RULED_OUT = Outcome(kind=OutcomeKind.RULED_OUT, alert=ONE, classification=classification(ONE, None))
SUPERSEDED = Outcome(kind=OutcomeKind.SUPERSEDED, alert=ONE)
DEAD = Outcome(kind=OutcomeKind.DEAD_LETTERED, error=FAULT)


@pytest.fixture
def agents(monkeypatch: pytest.MonkeyPatch) -> FakeAgents:
    return FakeAgents(monkeypatch)


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
    assert agent_module.message_from_event(event()) == Message(
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
    assert getattr(agent_module.message_from_event(event(**{field: raw})), field) == expected


async def test_each_outcome_goes_where_it_belongs(agents: FakeAgents) -> None:
    outcomes = batch([SUPERSEDED, CLASSIFIED, DEAD, RULED_OUT])
    await agent_module.deliver(outcomes)
    named = provenance.headers_for_batch(outcomes.messages, outcomes.outcomes, "group")
    prediction = Prediction(alert=ONE, classification=classification(ONE), headers=named[1])
    assert agents.output.payloads == agents.scribe.payloads == [[prediction]]
    assert agents.deadletter.payloads == [[(message(2), FAULT, named[2])]]


@pytest.mark.parametrize("outcomes", [[SUPERSEDED], [RULED_OUT]])
async def test_without_a_result_nothing_is_published_but_figures(
    agents: FakeAgents, outcomes: list[Outcome]
) -> None:
    await agent_module.deliver(batch(outcomes))
    assert agents.output.payloads == agents.scribe.payloads == agents.deadletter.payloads == []
    assert len(agents.metrics.payloads) == 1


async def test_the_figures_of_a_batch_are_counted_and_sent(agents: FakeAgents) -> None:
    assert await agent_module.deliver(batch([CLASSIFIED, SUPERSEDED, DEAD, DEAD]))
    assert agents.runtime.counts.by_kind == {
        "classified": 1,
        "superseded": 1,
        "ruled_out": 0,
        "dead_lettered": 2,
    }
    (document,) = map(json.loads, agents.metrics.payloads)
    assert document["n_messages"] == 4
    assert document["class"] == {"A": "SN"}
    assert (document["classifier_name"], document["classifier_version"]) == ("fake", "1.2.3")
    assert agents.runtime.counts.metrics_lost == 0
    assert [one.alert for one in agents.runtime.dashboard.recent.alerts()] == [ONE]


async def test_without_a_page_nothing_is_kept_for_it(agents: FakeAgents) -> None:
    agents.runtime.dashboard = None
    await agent_module.deliver(batch([CLASSIFIED]))
    assert len(agents.metrics.payloads) == 1


async def test_metrics_that_do_not_fit_into_the_queue_are_counted_as_lost(
    agents: FakeAgents,
) -> None:
    agents.metrics.has_room = False
    await agent_module.deliver(batch([CLASSIFIED]))
    assert agents.runtime.counts.metrics_lost == 1


@pytest.mark.parametrize("agent_name", ["output", "scribe", "deadletter"])
async def test_it_waits_for_every_delivery(agents: FakeAgents, agent_name: str) -> None:
    gate = asyncio.Event()
    getattr(agents, agent_name).gate = gate
    delivering = asyncio.ensure_future(agent_module.deliver(batch([CLASSIFIED, DEAD])))
    await asyncio.sleep(0.02)
    assert not delivering.done()
    assert agents.metrics.payloads == []
    gate.set()
    await delivering


@pytest.mark.parametrize("agent_name", ["output", "scribe", "deadletter"])
async def test_a_delivery_that_fails_fails_the_batch_and_counts_nothing(
    agents: FakeAgents, agent_name: str
) -> None:
    getattr(agents, agent_name).error = DeliveryError("hopeless")
    with pytest.raises(DeliveryError, match="hopeless"):
        await agent_module.deliver(batch([CLASSIFIED, DEAD]))
    assert sum(agents.runtime.counts.by_kind.values()) == 0
    assert agents.metrics.payloads == []


async def test_a_batch_that_nobody_wants_any_more_is_not_counted(agents: FakeAgents) -> None:
    forgotten = replace(batch([CLASSIFIED, DEAD]), is_wanted=lambda: False)
    assert not await agent_module.deliver(forgotten)
    assert sum(agents.runtime.counts.by_kind.values()) == 0
    assert agents.metrics.payloads == []

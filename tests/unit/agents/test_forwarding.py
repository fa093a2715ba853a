"""What the forwarding agents publish."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import fastavro
import pytest

from stampapp.agents import deadletter, metrics, output, scribe
from stampapp.errors import BadAlert, StampError
from stampapp.kafka.cluster import PUBLISHING_ROLES
from stampapp.kafka.nightly_topic import NightlyTopic
from stampapp.kafka.outgoing import OutgoingMessage
from stampapp.monitoring.worker_state import WorkerCounts
from stampapp.results.message_format import ScribeFormat
from tests.support.alerts import alert, message
from tests.support.results import options, prediction

NIGHTLY = NightlyTopic(topic_format="stamps_%s", retention_days=2)
SOURCE = (("source.topic", b"alerts"), ("source.offset", b"7"))
RESULTS = [
    prediction(of=alert(aid=aid), headers=(("source.offset", aid.encode()),)) for aid in ("A", "B")
]


class FakeDelivery:
    def __init__(self) -> None:
        self.messages: list[OutgoingMessage] = []
        self.topics: list[tuple[str, int | None]] = []
        self.confirms = True

    async def deliver(self, messages: Sequence[OutgoingMessage]) -> None:
        self.messages += messages

    async def try_once(self, outgoing: OutgoingMessage) -> bool:
        self.messages.append(outgoing)
        return self.confirms

    async def ensure_topic(self, name: str, retention_ms: int | None = None) -> None:
        assert not self.messages
        self.topics.append((name, retention_ms))


class FakeRuntime:
    def __init__(self) -> None:
        self.deliveries = {role: FakeDelivery() for role in PUBLISHING_ROLES}
        self.counts = WorkerCounts()
        self.settings = SimpleNamespace(
            output_topic=NIGHTLY,
            messages=options(),
            scribe_topic="commands",
            metrics_topic="figures",
            deadletter_topic="dead",
        )

    def required_settings(self) -> Any:
        return self.settings

    def delivery(self, role: str) -> FakeDelivery:
        return self.deliveries[role]


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
    runtime = FakeRuntime()
    for module in (deadletter, metrics, output, scribe):
        monkeypatch.setattr(module, "app", SimpleNamespace(runtime=runtime))
    return runtime


def records(messages: Sequence[OutgoingMessage]) -> list[Any]:
    return [next(iter(fastavro.reader(io.BytesIO(outgoing.value or b"")))) for outgoing in messages]


async def test_predictions_go_to_the_topic_of_the_night_that_is_made_first(
    runtime: FakeRuntime,
) -> None:
    before = datetime.now(UTC)
    await output._publish(RESULTS)
    after = datetime.now(UTC)
    delivery = runtime.deliveries["producer"]
    ((topic, retention),) = delivery.topics
    assert topic in {NIGHTLY.name_at(before), NIGHTLY.name_at(after)}
    assert retention == 2 * 86_400_000
    assert [(one.topic, one.key) for one in delivery.messages] == [(topic, b"A"), (topic, b"B")]
    assert [one.headers for one in delivery.messages] == [one.headers for one in RESULTS]
    first, second = records(delivery.messages)
    assert (first["aid"], second["aid"]) == ("A", "B")
    assert abs((first["brokerPublishTimestamp"] - before).total_seconds()) < 5


async def test_commands_go_to_the_scribe(runtime: FakeRuntime) -> None:
    await scribe._publish(RESULTS)
    messages = runtime.deliveries["scribe"].messages
    assert [(one.topic, one.key) for one in messages] == [("commands", b"A"), ("commands", b"B")]
    assert [one.headers for one in messages] == [one.headers for one in RESULTS]
    payloads = [json.loads(one["payload"]) for one in records(messages)]
    assert [one["criteria"] for one in payloads] == [{"_id": "A"}, {"_id": "B"}]


async def test_commands_per_class_name_their_part(runtime: FakeRuntime) -> None:
    runtime.settings.messages = options(commands=ScribeFormat.PROBABILITY_ARCHIVAL)
    named = (*SOURCE, ("source.superseded", b"alerts:0:1"))
    await scribe._publish([prediction(headers=named)])
    messages = runtime.deliveries["scribe"].messages
    assert [one.headers for one in messages] == [
        (*named, ("source.part", b"1/2")),
        (*SOURCE, ("source.part", b"2/2")),
    ]
    payloads = [json.loads(one.value or b"")["payload"] for one in messages]
    assert [one.key for one in messages] == [str(one["oid"]).encode() for one in payloads]
    assert [one["ranking"] for one in payloads] == [1, 2]


async def test_a_dead_letter_is_the_message_byte_for_byte(runtime: FakeRuntime) -> None:
    dead = message(7, b"\x00damaged", key=b"\xff", headers=(("h", b"1"),))
    source = (("source.offset", b"7"),)
    await deadletter._publish([(dead, BadAlert("not-avro", "no container"), source)])
    (outgoing,) = runtime.deliveries["producer"].messages
    assert runtime.delivery("producer").topics == [("dead", None)]
    assert (outgoing.topic, outgoing.key, outgoing.value) == ("dead", b"\xff", b"\x00damaged")
    assert outgoing.timestamp == dead.timestamp
    headers = dict(outgoing.headers)
    assert headers["h"] == b"1"
    assert headers["error.type"] == b"not-avro"
    assert headers["source.offset"] == b"7"


async def test_without_a_dead_letter_topic_a_bad_alert_stops_the_worker(
    runtime: FakeRuntime,
) -> None:
    runtime.settings.deadletter_topic = None
    with pytest.raises(StampError, match=r"alerts\[0\]@7 .*no container.*DEADLETTER_TOPIC is empt"):
        await deadletter._publish([(message(7), BadAlert("not-avro", "no container"), ())])
    assert runtime.deliveries["producer"].messages == []


@pytest.mark.parametrize(("confirmed", "lost"), [(True, 0), (False, 1)])
async def test_figures_that_are_not_confirmed_are_counted_as_lost(
    runtime: FakeRuntime, confirmed: bool, lost: int
) -> None:
    runtime.deliveries["metrics"].confirms = confirmed
    await metrics._publish(b"{}")
    assert runtime.deliveries["metrics"].messages == [
        OutgoingMessage(topic="figures", key=None, value=b"{}")
    ]
    assert runtime.counts.metrics_lost == lost

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from stampapp.alerts import packets
from stampapp.alerts.alert import LabelledAlert
from stampapp.alerts.surveys import Survey
from stampapp.errors import DeliveryError
from stampapp.feeds import publisher as publishing
from stampapp.feeds.alert_encoding import message_encoder
from stampapp.feeds.publisher import MAX_GROUP, AsJustObserved, Publisher, mjd_now, observed_at
from stampapp.kafka.outgoing import OutgoingMessage
from tests.support.alerts import alert
from tests.support.pipeline_harness import until

SOME = [
    LabelledAlert(
        alert=alert(aid=f"A{number}", candid=str(10**6 + number), mjd=58000.0), label="SN"
    )
    for number in range(3 * MAX_GROUP)
]


class Cluster:
    """Confirms messages when a test says so."""

    def __init__(self) -> None:
        self.taken: list[OutgoingMessage] = []
        self.instants: list[float] = []
        self.open = asyncio.Event()
        self.open.set()
        self.error: Exception | None = None

    async def deliver(self, messages: Sequence[OutgoingMessage]) -> None:
        await self.open.wait()
        if self.error:
            raise self.error
        self.taken += messages
        self.instants.append(time.monotonic())


def publisher() -> tuple[Publisher[LabelledAlert], list[int]]:
    advances: list[int] = []
    return Publisher(AsJustObserved("sky", message_encoder(Survey.ZTF)), advances.append), advances


async def test_every_alert_is_published_in_order_and_counted() -> None:
    cluster, (published, advances) = Cluster(), publisher()
    await published.run(iter(SOME), cluster.deliver, rate=None)
    assert [letter.key for letter in cluster.taken] == [one.alert.aid.encode() for one in SOME]
    assert {letter.topic for letter in cluster.taken} == {"sky"}
    assert published.confirmed == sum(advances) == len(SOME)
    assert published.unconfirmed == 0


async def test_an_alert_is_published_as_if_it_were_taken_now() -> None:
    cluster, (published, _) = Cluster(), publisher()
    before = mjd_now()
    await published.run(iter(SOME[:1]), cluster.deliver, rate=None)
    decoded = packets.decode_alert(cluster.taken[0].value)
    assert before <= decoded.mjd <= mjd_now()
    assert replace(decoded, mjd=58000.0) == SOME[0].alert


async def test_nothing_to_publish_is_no_trouble() -> None:
    cluster, (published, _) = Cluster(), publisher()
    await published.run(iter([]), cluster.deliver, rate=5.0)
    assert (published.confirmed, published.seconds < 1.0) == (0, True)


async def test_a_rate_is_kept() -> None:
    lasted = await publishing_for(21, rate=40.0)
    for _ in range(2):
        # A busy machine keeps it, and never hurries it on.
        lasted = min(lasted, await publishing_for(21, rate=40.0))
    assert lasted == pytest.approx(0.5, abs=0.2)


async def publishing_for(count: int, rate: float) -> float:
    """Return the seconds from the first of so many alerts to the last."""
    cluster, (published, _) = Cluster(), publisher()
    await published.run(iter(SOME[:count]), cluster.deliver, rate=rate)
    assert len(cluster.taken) == count
    return cluster.instants[-1] - cluster.instants[0]


async def test_stopping_waits_for_unconfirmed_messages() -> None:
    cluster, (published, _) = Cluster(), publisher()
    cluster.open.clear()
    running = asyncio.create_task(published.run(iter(SOME), cluster.deliver, rate=None))
    await until(lambda: published.unconfirmed == 1)
    running.cancel()
    await asyncio.sleep(0.05)
    cluster.open.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (published.confirmed, published.unconfirmed) == (1, 0)
    assert len(cluster.taken) == 1


async def test_what_is_not_confirmed_in_time_is_counted_as_unconfirmed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(publishing, "STOP_TIMEOUT", 0.05)
    cluster, (published, advances) = Cluster(), publisher()
    cluster.open.clear()
    running = asyncio.create_task(published.run(iter(SOME), cluster.deliver, rate=None))
    await until(lambda: published.unconfirmed == 1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (published.confirmed, published.unconfirmed, advances) == (0, 1, [])


async def test_a_delivery_that_fails_is_not_counted() -> None:
    cluster, (published, _) = Cluster(), publisher()
    cluster.error = DeliveryError("away")
    with pytest.raises(DeliveryError, match="away"):
        await published.run(iter(SOME), cluster.deliver, rate=None)
    assert (published.confirmed, published.unconfirmed) == (0, 1)


def test_the_history_of_an_alert_moves_with_it() -> None:
    extra = {"jdstarthist": 2458000.5, "jdendhist": 2458010.5, "ncovhist": 3.0}
    later = observed_at(alert(extra, mjd=58010.0), 60010.25)
    assert later.mjd == 60010.25
    assert later.extra_fields["jdstarthist"] == 2460000.75
    assert later.extra_fields["jdendhist"] == 2460010.75
    assert later.extra_fields["ncovhist"] == 3.0


def test_an_alert_without_history_has_none_later() -> None:
    assert observed_at(alert(mjd=1.0), 2.0) == alert(mjd=2.0)

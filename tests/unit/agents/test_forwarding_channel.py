from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import faust
import pytest

from stampapp.agents.forwarding import CAPACITY, Outbox, Parcel
from stampapp.errors import DeliveryError


@pytest.fixture
def outbox() -> Outbox:
    return Outbox(faust.App("stampapp-tests-outboxes"))


def subscribed(outbox: Outbox) -> AsyncIterator[Any]:
    """What an agent iterates over; from now on the outbox has a reader."""
    return aiter(outbox)


async def next_parcel(reader: AsyncIterator[Any]) -> Parcel[Any]:
    event = await asyncio.wait_for(anext(reader), 5)
    parcel = getattr(event, "value", event)
    assert isinstance(parcel, Parcel)
    return parcel


async def parcel_of(payload: object) -> Parcel[object]:
    return Parcel(payload=payload, done=asyncio.get_running_loop().create_future())


async def test_a_parcel_that_is_delivered_resolves_its_future() -> None:
    received: list[object] = []

    async def deliver(payload: object) -> None:
        received.append(payload)

    parcel = await parcel_of("payload")
    await parcel.carry(deliver)
    assert received == ["payload"]
    assert parcel.done.done()
    assert parcel.done.exception() is None


async def test_a_delivery_that_fails_is_told_to_the_sender_and_not_to_the_agent() -> None:
    failure = DeliveryError("hopeless")

    async def deliver(_: object) -> None:
        raise failure

    parcel = await parcel_of("payload")
    await parcel.carry(deliver)
    assert parcel.done.exception() is failure


async def test_a_delivery_that_is_cancelled_cancels_the_sender_and_ends() -> None:
    async def deliver(_: object) -> None:
        raise asyncio.CancelledError

    parcel = await parcel_of("payload")
    with pytest.raises(asyncio.CancelledError):
        await parcel.carry(deliver)
    assert parcel.done.cancelled()


@pytest.mark.parametrize("failure", [None, DeliveryError("hopeless")])
async def test_a_sender_that_has_gone_does_no_harm(failure: Exception | None) -> None:
    async def deliver(_: object) -> None:
        if failure:
            raise failure

    parcel = await parcel_of("payload")
    parcel.done.cancel()
    await parcel.carry(deliver)
    assert parcel.done.cancelled()


async def test_the_sender_waits_until_the_agent_has_delivered(outbox: Outbox) -> None:
    reader = subscribed(outbox)
    sending = asyncio.ensure_future(outbox.deliver_and_wait("payload"))
    parcel = await next_parcel(reader)
    assert parcel.payload == "payload"
    await asyncio.sleep(0.01)
    assert not sending.done()
    parcel.done.set_result(None)
    await asyncio.wait_for(sending, 5)


async def test_the_sender_gets_what_the_agent_could_not_do(outbox: Outbox) -> None:
    reader = subscribed(outbox)
    sending = asyncio.ensure_future(outbox.deliver_and_wait("payload"))
    (await next_parcel(reader)).done.set_exception(DeliveryError("hopeless"))
    with pytest.raises(DeliveryError, match="hopeless"):
        await sending


async def test_without_its_agent_nothing_can_be_delivered(outbox: Outbox) -> None:
    with pytest.raises(DeliveryError, match="not running: the worker must restart"):
        await outbox.deliver_and_wait("payload")
    assert not outbox.post("payload")


async def test_to_post_does_not_wait(outbox: Outbox) -> None:
    reader = subscribed(outbox)
    assert outbox.post("first")
    assert outbox.post("second")
    assert [(await next_parcel(reader)).payload for _ in range(2)] == ["first", "second"]


async def test_what_finds_no_room_is_not_posted(outbox: Outbox) -> None:
    reader = subscribed(outbox)
    assert all(outbox.post(number) for number in range(CAPACITY))
    assert not outbox.post("one too many")
    assert (await next_parcel(reader)).payload == 0
    assert outbox.post("there is room again")


async def test_a_rebalance_neither_stops_nor_empties_it(outbox: Outbox) -> None:
    reader = subscribed(outbox)
    outbox.post("before")
    flow = outbox.app.flow_control
    flow.suspend()
    outbox.post("meanwhile")
    assert (await next_parcel(reader)).payload == "before"
    flow.clear()
    flow.resume()
    assert (await next_parcel(reader)).payload == "meanwhile"

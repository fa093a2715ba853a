from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import faust
import pytest

from stampapp.agents.forwarding import CAPACITY, ForwardingChannel, PendingDelivery
from stampapp.errors import DeliveryError
from stampapp.worker.batch import Batch
from tests.support.pipeline_harness import (
    PLACE,
    PipelineHarness,
    feed,
    holds_during,
    running_pipeline,
    until,
)


@pytest.fixture
def channel() -> ForwardingChannel:
    return ForwardingChannel(faust.App("stampapp-tests-forwarding"))


def wanted() -> bool:
    return True


def subscribed(channel: ForwardingChannel) -> AsyncIterator[Any]:
    """What an agent iterates over; from now on the channel has a reader."""
    return aiter(channel)


async def next_delivery(reader: AsyncIterator[Any]) -> PendingDelivery[Any]:
    event = await asyncio.wait_for(anext(reader), 5)
    delivery = getattr(event, "value", event)
    assert isinstance(delivery, PendingDelivery)
    return delivery


async def pending_delivery(payload: object) -> PendingDelivery[object]:
    return PendingDelivery(payload=payload, done=asyncio.get_running_loop().create_future())


async def test_a_payload_that_is_delivered_resolves_its_future() -> None:
    received: list[object] = []

    async def deliver(payload: object) -> None:
        received.append(payload)

    delivery = await pending_delivery("payload")
    await delivery.complete(deliver)
    assert received == ["payload"]
    assert delivery.done.result()


async def test_a_payload_that_nobody_wants_any_more_is_not_delivered(
    channel: ForwardingChannel,
) -> None:
    received: list[object] = []

    async def deliver(payload: object) -> None:
        received.append(payload)

    reader = subscribed(channel)
    sending = asyncio.ensure_future(channel.deliver_and_wait("payload", lambda: False))
    await (await next_delivery(reader)).complete(deliver)
    assert not await sending
    assert received == []


async def test_a_delivery_that_fails_raises_in_the_sender_and_not_in_the_agent() -> None:
    failure = DeliveryError("hopeless")

    async def deliver(_: object) -> None:
        raise failure

    delivery = await pending_delivery("payload")
    await delivery.complete(deliver)
    assert delivery.done.exception() is failure


async def test_a_delivery_that_is_cancelled_cancels_the_sender_and_ends() -> None:
    async def deliver(_: object) -> None:
        raise asyncio.CancelledError

    delivery = await pending_delivery("payload")
    with pytest.raises(asyncio.CancelledError):
        await delivery.complete(deliver)
    assert delivery.done.cancelled()


@pytest.mark.parametrize("failure", [None, DeliveryError("hopeless")])
async def test_a_sender_that_has_gone_does_no_harm(failure: Exception | None) -> None:
    async def deliver(_: object) -> None:
        if failure:
            raise failure

    delivery = await pending_delivery("payload")
    delivery.done.cancel()
    await delivery.complete(deliver)
    assert delivery.done.cancelled()


async def test_the_sender_waits_until_the_agent_has_delivered(channel: ForwardingChannel) -> None:
    reader = subscribed(channel)
    sending = asyncio.ensure_future(channel.deliver_and_wait("payload", wanted))
    delivery = await next_delivery(reader)
    assert delivery.payload == "payload"
    await asyncio.sleep(0.01)
    assert not sending.done()
    delivery.done.set_result(True)
    assert await asyncio.wait_for(sending, 5)


async def test_the_sender_gets_what_the_agent_could_not_do(channel: ForwardingChannel) -> None:
    reader = subscribed(channel)
    sending = asyncio.ensure_future(channel.deliver_and_wait("payload", wanted))
    (await next_delivery(reader)).done.set_exception(DeliveryError("hopeless"))
    with pytest.raises(DeliveryError, match="hopeless"):
        await sending


async def test_without_its_agent_nothing_can_be_delivered(channel: ForwardingChannel) -> None:
    with pytest.raises(DeliveryError, match="not running: the worker must restart"):
        await channel.deliver_and_wait("payload", wanted)
    assert not channel.try_put("payload")


async def test_try_put_does_not_wait(channel: ForwardingChannel) -> None:
    reader = subscribed(channel)
    assert channel.try_put("first")
    assert channel.try_put("second")
    assert [(await next_delivery(reader)).payload for _ in range(2)] == ["first", "second"]


async def test_a_full_channel_rejects_a_payload(channel: ForwardingChannel) -> None:
    reader = subscribed(channel)
    assert all(channel.try_put(number) for number in range(CAPACITY))
    assert not channel.try_put("one too many")
    assert (await next_delivery(reader)).payload == 0
    assert channel.try_put("there is room again")


async def test_no_payload_overtakes_another_however_many_wait(channel: ForwardingChannel) -> None:
    reader = subscribed(channel)
    sending = [
        asyncio.ensure_future(channel.deliver_and_wait(n, wanted)) for n in range(2 * CAPACITY)
    ]
    await asyncio.sleep(0.01)
    # In one turn of the loop the agent takes a payload, and then another is sent.
    taking = asyncio.ensure_future(next_delivery(reader))
    await asyncio.sleep(0)
    late = asyncio.ensure_future(channel.deliver_and_wait("late", wanted))
    taken = [await taking, *[await next_delivery(reader) for _ in sending]]
    assert [one.payload for one in taken] == [*range(2 * CAPACITY), "late"]
    for one in taken:
        one.done.set_result(True)
    await asyncio.gather(*sending, late)


async def test_a_rebalance_neither_stops_nor_empties_it(channel: ForwardingChannel) -> None:
    reader = subscribed(channel)
    channel.try_put("before")
    flow = channel.app.flow_control
    flow.suspend()
    channel.try_put("meanwhile")
    assert (await next_delivery(reader)).payload == "before"
    flow.clear()
    flow.resume()
    assert (await next_delivery(reader)).payload == "meanwhile"


class ChannelHarness(PipelineHarness):
    """Delivers through a channel, as the classification agent does."""

    def __init__(self, channel: ForwardingChannel) -> None:
        super().__init__()
        self.channel = channel

    async def deliver(self, batch: Batch) -> bool:
        return await self.channel.deliver_and_wait(batch, batch.is_wanted)

    async def publish(self, batch: Batch) -> None:
        await super().deliver(batch)

    async def run_agent(self) -> None:
        async for delivery in subscribed(self.channel):
            await delivery.complete(self.publish)


async def test_batches_whose_turn_comes_after_a_rebalance_are_not_published(
    channel: ForwardingChannel,
) -> None:
    harness = ChannelHarness(channel)
    gate = harness.block_delivery(0)
    agent = asyncio.ensure_future(harness.run_agent())
    async with running_pipeline(harness, size=2, in_flight=8) as pipeline:
        await feed(pipeline, *range(6))
        await until(lambda: harness.waiting)
        assert not await pipeline.drain(0.05)
        pipeline.forget_partitions()
        # They stay in flight, which bounds the channel: there is room for two.
        consumed_again = asyncio.ensure_future(feed(pipeline, *range(6)))
        await holds_during(lambda: not consumed_again.done())
        harness.blocked.clear()
        gate.set()
        await asyncio.wait_for(consumed_again, 5)
        await until(lambda: len(harness.delivered) == 4)
        assert await pipeline.drain(5)
    agent.cancel()
    # What was being published then, and everything that was consumed since.
    assert harness.offsets == [[0, 1], [0, 1], [2, 3], [4, 5]]
    assert harness.commits[-1] == {PLACE: 6}
    assert harness.failures == []

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from faust.types import TP
from mode import Service
from mode.utils.locks import Event
from mode.utils.queues import FlowControlEvent, FlowControlQueue

from stampapp.consumer.message_flow import MessageFlowConsumer
from stampapp.consumer.transport import StampConsumer

PLACE = TP("alerts", 0)


class Consumer(MessageFlowConsumer):
    def _new_consumer_thread(self) -> Any:
        return Service()


class Flow:
    """A consumer in front of the buffer of a stream, which holds two messages."""

    def __init__(self) -> None:
        app = faust.App("test", broker="kafka://localhost:1", store="memory://")
        self.flow_control = FlowControlEvent(initially_suspended=False)
        self.buffer: FlowControlQueue[int] = FlowControlQueue(2, flow_control=self.flow_control)
        self.consumer: Any = Consumer(
            app.transport,
            callback=self.put,
            on_partitions_revoked=_rebalance,
            on_partitions_assigned=_rebalance,
        )
        parts: Any = SimpleNamespace(
            flow_control=self.flow_control, topics=[SimpleNamespace(queue=self.buffer)]
        )
        self.consumer.app = parts
        self.consumer.resume_flow()
        self.interruption = Event()
        self.tasks: list[asyncio.Task[Any] | None] = []

    async def put(self, message: int) -> None:
        self.tasks.append(asyncio.current_task())
        await self.buffer.put(message)

    async def hand_over(self, message: int) -> Any:
        """Do as Faust does with a message."""
        return await self.consumer.wait_first(self.put(message), self.interruption.wait())


async def _rebalance(_: set[TP]) -> None: ...


@pytest.fixture
async def flow() -> Flow:
    return Flow()


async def test_messages_go_into_a_buffer_with_room_without_a_task(flow: Flow) -> None:
    for message in (1, 2):
        done = await flow.hand_over(message)
        assert not done.stopped
    assert flow.tasks == [asyncio.current_task()] * 2
    assert [flow.buffer.get_nowait(), flow.buffer.get_nowait()] == [1, 2]


async def test_a_message_waits_while_the_buffer_is_full(flow: Flow) -> None:
    await flow.hand_over(1)
    await flow.hand_over(2)
    waiting = asyncio.ensure_future(flow.hand_over(3))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    assert flow.buffer.get_nowait() == 1
    await asyncio.wait_for(waiting, 5)
    assert [flow.buffer.get_nowait(), flow.buffer.get_nowait()] == [2, 3]


async def test_a_rebalance_interrupts_a_message_that_waits(flow: Flow) -> None:
    await flow.hand_over(1)
    await flow.hand_over(2)
    waiting = asyncio.ensure_future(flow.hand_over(3))
    await asyncio.sleep(0.01)
    flow.interruption.set()
    await asyncio.wait_for(waiting, 5)
    await asyncio.sleep(0.01)
    assert flow.buffer.qsize() == 2


async def test_no_message_passes_during_a_rebalance(flow: Flow) -> None:
    flow.flow_control.suspend()
    waiting = asyncio.ensure_future(flow.hand_over(1))
    await asyncio.sleep(0.01)
    flow.interruption.set()
    await asyncio.wait_for(waiting, 5)
    assert flow.buffer.empty()


async def test_what_fails_while_it_is_handed_over_is_raised(flow: Flow) -> None:
    async def fail() -> None:
        raise ValueError("no key")

    with pytest.raises(ValueError, match="no key"):
        await flow.consumer.wait_first(fail(), flow.interruption.wait())


async def test_a_full_buffer_pauses_no_partition(flow: Flow) -> None:
    flow.consumer._active_partitions = {PLACE}
    flow.consumer.on_buffer_full(PLACE)
    assert flow.consumer._get_active_partitions() == {PLACE}
    flow.consumer.on_buffer_drop(PLACE)
    assert flow.consumer._get_active_partitions() == {PLACE}


def test_the_worker_consumes_in_this_way() -> None:
    for name in ("wait_first", "on_buffer_full", "on_buffer_drop"):
        assert getattr(StampConsumer, name) is getattr(MessageFlowConsumer, name)

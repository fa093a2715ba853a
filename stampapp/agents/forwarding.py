"""Channels to the forwarding agents, and the deliveries that wait in them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import faust
from mode.utils.queues import FlowControlEvent, ThrowableQueue

from stampapp.errors import DeliveryError

T = TypeVar("T")
CAPACITY = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingDelivery(Generic[T]):
    """A payload, and the future that tells its sender what became of it."""

    payload: T
    done: asyncio.Future[None]

    async def complete(self, deliver: Callable[[T], Awaitable[None]]) -> None:
        """Deliver the payload and resolve or fail the future; nothing is raised here."""
        try:
            await deliver(self.payload)
        except asyncio.CancelledError:
            self.done.cancel()
            raise
        except Exception as error:  # the sender decides what it means
            if not self.done.done():
                self.done.set_exception(error)
        else:
            if not self.done.done():
                self.done.set_result(None)


class ForwardingChannel(faust.Channel[Any]):
    """A channel that a rebalance leaves alone.

    Faust's own channels share the app's flow control: a rebalance empties them and stops them,
    and with them the deliveries that the rebalance itself waits for.
    """

    @property
    def queue(self) -> ThrowableQueue[Any]:
        """The queue, with a flow control of its own that is never suspended."""
        if self._queue is None:
            flow = FlowControlEvent(initially_suspended=False)
            self._queue = ThrowableQueue(maxsize=CAPACITY, flow_control=flow)
        return self._queue

    async def deliver_and_wait(self, payload: object) -> None:
        """Hand a payload to the agent and wait for its confirmation."""
        if not self.subscriber_count:
            raise DeliveryError("a forwarding agent is not running: the worker must restart")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self.put(PendingDelivery(payload=payload, done=done))  # type: ignore[arg-type]
        await done

    def try_put(self, payload: object) -> bool:
        """Hand a payload to the agent and go on; tell whether there was room for it."""
        subscribers = list((self._root or self)._subscribers)  # Channel.put does so
        if not subscribers or any(one.queue.full() for one in subscribers):
            return False
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        for subscriber in subscribers:
            subscriber.queue.put_nowait(PendingDelivery(payload=payload, done=done))
        return True

"""Channels to the agents that publish, and the deliveries that wait in them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import faust
from mode.utils.queues import FlowControlEvent, ThrowableQueue

from stampapp.errors import DeliveryError

T = TypeVar("T")
# Payloads that may wait in a channel for a sender that does not wait for them.
CAPACITY = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingDelivery(Generic[T]):
    """A payload, and a future that is done when the payload is delivered or has failed.

    The result of the future is False if the payload was not wanted any more when its turn came.
    """

    payload: T
    done: asyncio.Future[bool]
    is_wanted: Callable[[], bool] = field(default=lambda: True)

    async def complete(self, deliver: Callable[[T], Awaitable[None]]) -> None:
        """Deliver the payload if it is wanted; set the future, also to an error."""
        try:
            if wanted := self.is_wanted():
                await deliver(self.payload)
        except asyncio.CancelledError:
            self.done.cancel()
            raise
        except Exception as error:  # the sender decides what to do about it
            if not self.done.done():
                self.done.set_exception(error)
        else:
            if not self.done.done():
                self.done.set_result(wanted)


class ForwardingChannel(faust.Channel[Any]):
    """A channel that a rebalance neither empties nor suspends."""

    # Faust's channels share the app's flow control. A rebalance clears and suspends them, and with
    # them the very deliveries that the rebalance waits for.

    @property
    def queue(self) -> ThrowableQueue[Any]:
        """The queue, with its own flow control that is never suspended."""
        if self._queue is None:
            flow = FlowControlEvent(initially_suspended=False)
            # Without a limit: asyncio.Queue lets a new payload overtake those that wait for room.
            # Senders that wait until theirs is delivered have no more than IN_FLIGHT_MESSAGES.
            self._queue = ThrowableQueue(flow_control=flow)
        return self._queue

    async def deliver_and_wait(self, payload: object, is_wanted: Callable[[], bool]) -> bool:
        """Hand a payload to the agent and wait until it is delivered; return whether it was.

        The agent drops it if it is not wanted any more when its turn comes. Raises DeliveryError.
        """
        if not self.subscriber_count:
            raise DeliveryError("a forwarding agent is not running: the worker must restart")
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        pending = PendingDelivery(payload=payload, done=done, is_wanted=is_wanted)
        await self.put(pending)  # type: ignore[arg-type]
        return await done

    def try_put(self, payload: object) -> bool:
        """Hand a payload to the agent without waiting; return False if CAPACITY wait already."""
        subscribers = list((self._root or self)._subscribers)  # as in Channel.put
        if not subscribers or any(one.queue.qsize() >= CAPACITY for one in subscribers):
            return False
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        for subscriber in subscribers:
            subscriber.queue.put_nowait(PendingDelivery(payload=payload, done=done))
        return True

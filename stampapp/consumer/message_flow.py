"""Hand fetched messages to the stream without pauses, and without tasks for each message."""

from __future__ import annotations

from typing import Any

from faust.transport.drivers import aiokafka as faust_aiokafka
from faust.types import TP
from mode.services import WaitResults


class MessageFlowConsumer(faust_aiokafka.Consumer):
    """Waits for room in the buffer of the stream, and pauses no partition."""

    # Faust pauses a partition while the buffer is nearly full. When all are paused it sleeps for a
    # second, in which a small buffer runs empty. There is no other stream that a full buffer could
    # hold up, so it suffices to wait for room.
    def on_buffer_full(self, tp: TP) -> None:
        """Do not pause the partition."""

    def on_buffer_drop(self, tp: TP) -> None:
        """Resume nothing: nothing is paused."""

    async def wait_first(self, *waits: Any, **options: Any) -> WaitResults:
        """Wait for the first of several awaitables, as Faust does.

        Faust calls it for each message with two: hand the message to the stream, or be interrupted
        by a rebalance. It makes four tasks, which are not needed where the message need not wait.
        """
        if len(waits) == 2 and self._has_room():
            handing_over, interruption = waits
            interruption.close()
            await handing_over
            return WaitResults([handing_over], [None], False)
        return await super().wait_first(*waits, **options)

    def _has_room(self) -> bool:
        flows = self.flow_active and self.app.flow_control.is_active()
        return flows and not any(one.queue.full() for one in self.app.topics)

"""Follow the topics that match a pattern, as they come and go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as faust_aiokafka
from faust.types import TP

from stampapp.kafka.input_topics import InputTopics

log = logging.getLogger(__name__)
Crash = Callable[[BaseException], Awaitable[None]]
# Seconds for the list of topics. In a rebalance the group waits for it.
_LIST_TIMEOUT = 5.0


class MatchingTopics:
    """Subscribes an aiokafka consumer to the topics that match, and looks for others.

    `interval` is how often it looks (s); `crash` is called with an error that nobody expects.
    """

    # aiokafka itself can subscribe to a pattern. But it drops the assignment at the moment when it
    # finds another topic: before Faust has stopped the streams and committed what they finished.

    def __init__(self, consumer: Any, inputs: InputTopics, interval: float, crash: Crash) -> None:
        self._consumer, self._inputs, self._interval = consumer, inputs, interval
        self._crash = crash
        self._watching: asyncio.Task[None] | None = None

    async def subscribe(self, listener: RebalanceListener) -> None:
        """Subscribe to the topics that match now, and start to look for others."""
        wanted = await self._find()
        # As the public method does, which does not accept an empty set.
        self._consumer._subscription.subscribe(topics=set(wanted), listener=listener)
        self._consumer._client.set_topics(wanted)
        self._watching = self._watching or asyncio.ensure_future(self._watch())

    async def resubscribe(self) -> None:
        """Change the subscription before the group is joined again."""
        wanted = await self._find()
        self._consumer._subscription.subscription._topics = wanted
        self._consumer._client.set_topics(wanted)

    def stop(self) -> None:
        """Stop to look for topics."""
        if self._watching:
            self._watching.cancel()

    async def _watch(self) -> None:
        try:
            while True:
                await asyncio.sleep(self._interval)
                if await self._find() != self._consumer.subscription():
                    self._consumer._coordinator.request_rejoin()
        except Exception as error:  # whatever it is, no further topic would be noticed
            await self._crash(error)

    async def _find(self) -> frozenset[str]:
        listing = self._consumer._client.fetch_all_metadata()
        try:
            cluster = await asyncio.wait_for(listing, _LIST_TIMEOUT)
        except (KafkaError, OSError, TimeoutError) as error:
            log.debug("The topics cannot be listed: %r", error)
            return frozenset(self._consumer.subscription())
        return frozenset((*self._inputs.named, *self._inputs.select(cluster.topics())))


class RebalanceListener(faust_aiokafka.ConsumerRebalanceListener):
    """Lets the topics change when Faust has released its partitions."""

    def on_partitions_revoked(self, revoked: Iterable[Any]) -> Any:
        """Release the partitions, then change the topics."""
        thread: Any = self._thread
        return thread.change_topics(super().on_partitions_revoked(revoked))


def set_consumed_topics(channels: Iterable[Any], assigned: Iterable[TP]) -> None:
    """Set the topics of Faust's channels, which know no patterns, to those that are assigned."""
    names = sorted({partition.topic for partition in assigned})
    for channel in channels:
        channel.topics = names

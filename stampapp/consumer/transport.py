"""Faust's Kafka transport with stampapp's consumer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import ClassVar

from faust.transport.drivers import aiokafka as faust_aiokafka
from faust.types import TP

from stampapp.consumer.log_positions import LogPositionsConsumer, LogPositionsThread
from stampapp.consumer.missing_topics import MissingTopics
from stampapp.consumer.readable_offsets import ReadableOffsetsConsumer, ReadableOffsetsThread


class StampConsumerThread(LogPositionsThread, ReadableOffsetsThread):
    """The thread that owns the Kafka client of the consumed topics."""

    async def on_thread_stop(self) -> None:
        """Close the client."""
        # Without its cluster aiokafka 0.14 cancels its own fetch and raises that here; the thread
        # would end before it reports its end, for which Faust waits.
        with suppress(asyncio.CancelledError):
            await super().on_thread_stop()

    missing_topics: MissingTopics

    async def on_start(self) -> None:
        """Start the client, and watch the metadata that it fetches."""
        await super().on_start()
        client = self._ensure_consumer()
        self.missing_topics = MissingTopics(client.subscription)
        client._client.cluster.add_listener(self.missing_topics.update)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        # aiokafka raises if nothing is left to commit, and Faust then stops the worker.
        assigned = {one: at for one, at in offsets.items() if one in self.assignment()}
        return await self.missing_topics.commit_existing(assigned, super()._commit)


class StampConsumer(LogPositionsConsumer, ReadableOffsetsConsumer):
    """Faust's consumer, reading through a StampConsumerThread."""

    _thread: StampConsumerThread

    @property
    def missing_topics(self) -> tuple[str, ...]:
        """The subscribed topics that do not exist."""
        return self._thread.missing_topics.names

    def _new_consumer_thread(self) -> StampConsumerThread:
        return StampConsumerThread(self, loop=self.loop, beacon=self.beacon)


class StampTransport(faust_aiokafka.Transport):
    """The transport of the app."""

    Consumer: ClassVar[type[StampConsumer]] = StampConsumer

"""Faust's Kafka transport with stampapp's consumer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from contextlib import suppress
from typing import Any, ClassVar

from faust.transport.drivers import aiokafka as faust_aiokafka
from faust.types import TP

from stampapp.consumer.group_failures import GroupFailures
from stampapp.consumer.log_positions import LogPositionsConsumer, LogPositionsThread
from stampapp.consumer.matching_topics import (
    MatchingTopics,
    RebalanceListener,
    set_consumed_topics,
)
from stampapp.consumer.message_flow import MessageFlowConsumer
from stampapp.consumer.missing_topics import MissingTopics, create_no_topics
from stampapp.consumer.readable_offsets import ReadableOffsetsConsumer, ReadableOffsetsThread
from stampapp.kafka.input_topics import InputTopics
from stampapp.kafka.metadata_pace import pace_metadata_requests
from stampapp.worker.consumer_errors import explain_group_failure


class StampConsumerThread(LogPositionsThread, ReadableOffsetsThread):
    """The thread that owns the Kafka client of the consumed topics."""

    missing_topics: MissingTopics
    matching_topics: MatchingTopics | None = None
    group_failures: GroupFailures

    async def on_start(self) -> None:
        """Start the client, and watch the metadata that it fetches."""
        await super().on_start()
        runtime: Any = self.app.runtime  # type: ignore[attr-defined]
        inputs: InputTopics = runtime.required_settings().consumer_topics
        client = self._ensure_consumer()
        create_no_topics(client._client)
        pace_metadata_requests(client._client)
        cluster = client._client.cluster
        self.missing_topics = MissingTopics(inputs, cluster)
        cluster.add_listener(self.missing_topics.update)
        self.group_failures = GroupFailures(client._coordinator, self.stop_worker)
        if inputs.dynamic:
            interval = self.app.conf.consumer_metadata_max_age_ms / 1000
            self.matching_topics = MatchingTopics(client, inputs, interval, self.crash)

    async def on_thread_stop(self) -> None:
        """Close the client."""
        if self.matching_topics:
            self.matching_topics.stop()
        # Without its cluster aiokafka 0.14 cancels its own fetch and raises that here; the thread
        # would end before it reports its end, for which Faust waits.
        with suppress(asyncio.CancelledError):
            await super().on_thread_stop()

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Subscribe to the topics, or to all that match the patterns among the input topics."""
        if self.matching_topics:
            await self.call_thread(self.matching_topics.subscribe, self._rebalance_listener)
        else:
            await super().subscribe(topics)

    async def change_topics(self, released: Awaitable[None]) -> None:
        """Subscribe to the topics that match now, as soon as the partitions are released."""
        await released
        if self.matching_topics:
            await self.matching_topics.resubscribe()

    async def stop_worker(self, error: BaseException) -> None:
        """Stop the worker for an error of its consumer group."""
        runtime: Any = self.app.runtime  # type: ignore[attr-defined]
        reason = explain_group_failure(runtime.required_settings(), error)
        # Not this thread: a thread that has crashed cannot be stopped in order any more.
        crashing = asyncio.run_coroutine_threadsafe(self.app.crash(reason), self.parent_loop)
        await asyncio.wrap_future(crashing)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        # aiokafka raises if nothing is left to commit, and Faust then stops the worker.
        assigned = {one: at for one, at in offsets.items() if one in self.assignment()}
        return await self.missing_topics.commit_existing(assigned, super()._commit)


class StampConsumer(LogPositionsConsumer, ReadableOffsetsConsumer, MessageFlowConsumer):
    """Faust's consumer, reading through a StampConsumerThread."""

    RebalanceListener: ClassVar[type[RebalanceListener]] = RebalanceListener
    _thread: StampConsumerThread

    @property
    def missing_topics(self) -> tuple[str, ...]:
        """The input topics that do not exist, and patterns that nothing matches."""
        return self._thread.missing_topics.names

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Take partitions."""
        if self._thread.matching_topics:
            set_consumed_topics(self.app.topics, assigned)
        await super().on_partitions_assigned(assigned, generation_id)

    def _new_consumer_thread(self) -> StampConsumerThread:
        return StampConsumerThread(self, loop=self.loop, beacon=self.beacon)


class StampTransport(faust_aiokafka.Transport):
    """The transport of the app."""

    Consumer: ClassVar[type[StampConsumer]] = StampConsumer

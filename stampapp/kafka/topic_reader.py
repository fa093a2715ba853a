"""Topics read back: which there are, where they begin, what they hold. No group is joined."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka import errors as kafka
from aiokafka.admin import AIOKafkaAdminClient

from stampapp.errors import ConfigError
from stampapp.kafka import connection
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.connection_errors import describe_cluster
from stampapp.kafka.message import Message, Partition
from stampapp.kafka.offset_ranges import OffsetRange, group_nearby

FETCH_BYTES = 2**20
# A broker holds a fetch this long at the end of a partition, and the next request behind it.
FETCH_WAIT_MS = 50
START_TIMEOUT = 10.0
# A cluster that delivers nothing for so long is given up, in seconds.
PATIENCE = 30.0
COORDINATOR_PATIENCE = 10.0
# Offsets that lie closer together than this are fetched in one go.
NEAR = 8


class TopicReader:
    """A cluster's topics, as the user of one role may read them. Use it as a context manager.

    Every method raises a ConfigError that names the cluster where it cannot be read.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._consumer: Any = None
        self._admin: Any = None

    async def __aenter__(self) -> Self:
        options = self._cluster.client_options()
        self._admin = AIOKafkaAdminClient(**options)
        self._consumer = AIOKafkaConsumer(
            **options,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_bytes=16 * FETCH_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )
        try:
            async with self._told():
                await asyncio.wait_for(self._admin.start(), START_TIMEOUT)
                await asyncio.wait_for(self._consumer.start(), START_TIMEOUT)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def list_partitions(self) -> dict[str, list[Partition]]:
        """Return every topic that the user may see, with its partitions."""
        async with self._told():
            described = await self._admin.describe_topics()
        return {
            one["topic"]: sorted((one["topic"], part["partition"]) for part in one["partitions"])
            for one in described
        }

    async def committed_offsets(
        self, group: str, partitions: Iterable[Partition]
    ) -> dict[Partition, int]:
        """Return the offsets that the group has committed; a partition without one is left out."""
        places = [TopicPartition(*one) for one in partitions]
        deadline = time.monotonic() + COORDINATOR_PATIENCE
        while True:
            async with self._told(f"the committed offsets of the group {group}"):
                try:
                    found = await self._admin.list_consumer_group_offsets(group, partitions=places)
                except kafka.GroupCoordinatorNotAvailableError:
                    # The first question about a group makes a new cluster find a place for groups.
                    if time.monotonic() > deadline:
                        raise
                    await asyncio.sleep(0.2)
                else:
                    break
        return {tuple(place): one.offset for place, one in found.items() if one.offset >= 0}

    async def first_offsets(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Return the first offset that each partition still holds."""
        places = [TopicPartition(*one) for one in partitions]
        async with self._told():
            found = await self._consumer.beginning_offsets(places)
        return {tuple(place): offset for place, offset in found.items()}

    async def end_offsets(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Return the offset that each partition's next message will have."""
        places = [TopicPartition(*one) for one in partitions]
        async with self._told():
            found = await self._consumer.end_offsets(places)
        return {tuple(place): offset for place, offset in found.items()}

    async def offsets_at_time(
        self, partitions: Iterable[Partition], instant: int
    ) -> dict[Partition, int | None]:
        """Return the first offset of this instant (ms since 1970) or later, None where none is."""
        places = {TopicPartition(*one): instant for one in partitions}
        async with self._told():
            found = await self._consumer.offsets_for_times(places)
        return {tuple(place): one and one.offset for place, one in found.items()}

    async def read_ranges(
        self, spans: Mapping[Partition, OffsetRange]
    ) -> AsyncIterator[list[Message]]:
        """Yield the messages of the spans, in order within each partition."""
        if not spans:
            return
        ends = {TopicPartition(*one): span.end for one, span in spans.items()}
        consumer = self._consumer
        consumer.assign(list(ends))
        for place in ends:
            consumer.seek(place, spans[tuple(place)].first)
        moved = time.monotonic()
        while ends:
            async with self._told(f"the topics {', '.join(sorted({one.topic for one in ends}))}"):
                fetched = await consumer.getmany(timeout_ms=200)
            if fetched:
                moved = time.monotonic()
                yield _within(fetched, ends)
            for place in [one for one in ends if await self._done(one, ends)]:
                moved = time.monotonic()
                consumer.pause(place)
                del ends[place]
            if time.monotonic() - moved > PATIENCE:
                raise ConfigError(await self._problem("it delivers nothing"))

    async def read_offsets(
        self, wanted: Mapping[Partition, Iterable[int]]
    ) -> AsyncIterator[Message]:
        """Yield the messages at these offsets (ascending); where there is none, nothing."""
        for partition, offsets in wanted.items():
            for run in group_nearby(offsets, NEAR):
                span, among = OffsetRange(first=run[0], end=run[-1] + 1), set(run)
                async for messages in self.read_ranges({partition: span}):
                    for one in messages:
                        if one.offset in among:
                            yield one

    async def _done(self, place: TopicPartition, ends: dict[Any, int | None]) -> bool:
        end = ends[place]
        if end is None:
            # Every fetch brings it along.
            end = ends[place] = self._consumer.highwater(place)
        return end is not None and await self._consumer.position(place) >= end

    async def _close(self) -> None:
        await self._consumer.stop()
        await self._admin.close()

    @asynccontextmanager
    async def _told(self, what: str = "its topics") -> AsyncIterator[None]:
        try:
            yield
        except (kafka.TopicAuthorizationFailedError, kafka.GroupAuthorizationFailedError) as error:
            prefix = self._cluster.role.upper()
            raise ConfigError(
                f"{describe_cluster(self._cluster)} does not let us read {what}: have READ and"
                f" DESCRIBE granted, or run this with another {prefix}_SASL_USERNAME"
            ) from error
        except (kafka.KafkaError, OSError, TimeoutError) as error:
            raise ConfigError(await self._problem(repr(error))) from error

    async def _problem(self, otherwise: str) -> str:
        # The clients themselves only say that they have found no broker.
        problem = await connection.find_connection_problem(self._cluster)
        return problem or f"{describe_cluster(self._cluster)} lets us in, but: {otherwise}"


def _within(
    fetched: Mapping[Any, Collection[Any]], ends: Mapping[Any, int | None]
) -> list[Message]:
    return [
        _message(one)
        for place, records in fetched.items()
        for one in records
        if place in ends and (ends[place] is None or one.offset < ends[place])
    ]


def _message(record: Any) -> Message:
    return Message(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        timestamp=record.timestamp if record.timestamp >= 0 else None,
        headers=record.headers,
    )

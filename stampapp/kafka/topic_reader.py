"""Read topics, their offsets and the offsets of groups, without joining a consumer group."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka import errors as kafka
from aiokafka.admin import AIOKafkaAdminClient

from stampapp.errors import ConfigError
from stampapp.kafka import connection
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.connection_errors import (
    describe_cluster,
    describe_group_rule,
    describe_user,
)
from stampapp.kafka.consumer_group import GroupMember, parse_members
from stampapp.kafka.isolation import READ_COMMITTED, readable_end
from stampapp.kafka.message import Message, Partition
from stampapp.kafka.offset_ranges import OffsetRange, group_nearby

T = TypeVar("T")
FETCH_BYTES = 2**20
# How long a broker waits for new messages at the end of a partition; the next request waits, too.
FETCH_WAIT_MS = 50
START_TIMEOUT = 10.0
# Seconds without a message after which reading fails.
READ_TIMEOUT = 30.0
COORDINATOR_TIMEOUT = 10.0
_NO_COORDINATOR_YET = (
    kafka.GroupCoordinatorNotAvailableError,
    kafka.GroupLoadInProgressError,
    kafka.NotCoordinatorForGroupError,
)
# Offsets that are at most this far apart are read as one range.
MAX_GAP = 8


class TopicReader:
    """A context manager that reads the topics of a cluster.

    Every method raises ConfigError if the cluster cannot be read.
    """

    def __init__(self, cluster: Cluster, isolation_level: str = READ_COMMITTED) -> None:
        self._cluster = cluster
        self._isolation_level = isolation_level
        self._consumer: Any = None
        self._admin: Any = None

    async def __aenter__(self) -> Self:
        options = self._cluster.client_options()
        self._admin = AIOKafkaAdminClient(**options)
        self._consumer = AIOKafkaConsumer(
            **options,
            enable_auto_commit=False,
            # Otherwise the client would read an offset above the end again from the beginning.
            auto_offset_reset="none",
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_bytes=16 * FETCH_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            isolation_level=self._isolation_level,
        )
        try:
            async with self._translate_errors():
                await asyncio.wait_for(self._admin.start(), START_TIMEOUT)
                await asyncio.wait_for(self._consumer.start(), START_TIMEOUT)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def list_partitions(self) -> dict[str, list[Partition]]:
        """Return the partitions of every topic that the user may see."""
        async with self._translate_errors():
            described = await self._admin.describe_topics()
        return {
            one["topic"]: sorted((one["topic"], part["partition"]) for part in one["partitions"])
            for one in described
        }

    async def committed_offsets(
        self, group: str, partitions: Iterable[Partition]
    ) -> dict[Partition, int]:
        """Return the committed offsets of a group, without partitions that have none."""
        found = await self._committed(group, partitions)
        return {partition: one.offset for partition, one in found.items()}

    async def committed_metadata(
        self, group: str, partitions: Iterable[Partition]
    ) -> dict[Partition, str]:
        """Return the metadata of the committed offsets, without partitions that have none."""
        found = await self._committed(group, partitions)
        return {partition: one.metadata for partition, one in found.items()}

    async def _committed(self, group: str, partitions: Iterable[Partition]) -> dict[Partition, Any]:
        topic_partitions = [TopicPartition(*one) for one in partitions]
        async with self._translate_errors(f"the committed offsets of the group {group}", group):
            found = await _ask_coordinator(
                lambda: self._admin.list_consumer_group_offsets(group, partitions=topic_partitions)
            )
        return {tuple(partition): one for partition, one in found.items() if one.offset >= 0}

    async def group_members(self, group: str) -> tuple[GroupMember, ...]:
        """Return the active members of a group."""
        async with self._translate_errors(f"the members of the group {group}", group):
            return await _ask_coordinator(lambda: self._members(group))

    async def _members(self, group: str) -> tuple[GroupMember, ...]:
        return tuple(parse_members(await self._admin.describe_consumer_groups([group])))

    async def first_offsets(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Return the first offset that is still there, by partition."""
        topic_partitions = [TopicPartition(*one) for one in partitions]
        async with self._translate_errors():
            found = await self._consumer.beginning_offsets(topic_partitions)
        return {tuple(partition): offset for partition, offset in found.items()}

    async def end_offsets(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Return the offset up to which each partition can be read."""
        topic_partitions = [TopicPartition(*one) for one in partitions]
        async with self._translate_errors():
            found = await self._consumer.end_offsets(topic_partitions)
        return {tuple(partition): offset for partition, offset in found.items()}

    async def offsets_at_time(
        self, partitions: Iterable[Partition], timestamp: int
    ) -> dict[Partition, int | None]:
        """Return the first offset at this time (ms since 1970) or later; None if there is none."""
        # Kafka has no messages before 1970, and aiokafka refuses to look for them.
        topic_partitions = {TopicPartition(*one): max(0, timestamp) for one in partitions}
        async with self._translate_errors():
            found = await self._consumer.offsets_for_times(topic_partitions)
        return {tuple(partition): one and one.offset for partition, one in found.items()}

    async def find_cut_short(self, offsets: Mapping[Partition, int]) -> set[Partition]:
        """Return the partitions whose log ends before an offset that it once had."""
        found: set[Partition] = set()
        # The broker decides: some brokers do not return the true end of a partition.
        for partition, offset in offsets.items():
            next_one = {partition: OffsetRange(first=offset, end=offset + 1)}
            async for _ in self.read_ranges(next_one, found.add):
                pass
        return found

    async def read_ranges(
        self,
        ranges: Mapping[Partition, OffsetRange],
        on_cut_short: Callable[[Partition], object] = bool,
    ) -> AsyncIterator[list[Message]]:
        """Yield the messages of the ranges, in order within each partition.

        Removed messages are left out. `on_cut_short` is called with each partition whose log ends
        before its range, or before an offset that was already read.

        A range ends early where messages cannot be read yet: at an open transaction.
        """
        if not ranges:
            return
        ends = {TopicPartition(*one): span.end for one, span in ranges.items()}
        consumer = self._consumer
        consumer.assign(list(ends))
        for partition in ends:
            consumer.seek(partition, ranges[tuple(partition)].first)
        progress_at = time.monotonic()
        while ends:
            async with self._translate_errors(
                f"the topics {', '.join(sorted({one.topic for one in ends}))}"
            ):
                fetched, cut_short = await self._fetch()
            for partition in cut_short & ends.keys():
                on_cut_short(tuple(partition))
                consumer.pause(partition)
                del ends[partition]
            if fetched:
                progress_at = time.monotonic()
                yield _in_ranges(fetched, ends)
            for partition in [one for one in ends if await self._is_finished(one, ends)]:
                progress_at = time.monotonic()
                consumer.pause(partition)
                del ends[partition]
            if time.monotonic() - progress_at > READ_TIMEOUT:
                raise ConfigError(
                    await self._problem(f"it has sent nothing for {READ_TIMEOUT:g} s")
                )

    async def read_offsets(
        self, wanted: Mapping[Partition, Iterable[int]]
    ) -> AsyncIterator[Message]:
        """Yield the messages at these offsets (ascending), as far as they are still there."""
        for partition, offsets in wanted.items():
            for run in group_nearby(offsets, MAX_GAP):
                span, among = OffsetRange(first=run[0], end=run[-1] + 1), set(run)
                async for messages in self.read_ranges({partition: span}):
                    for one in messages:
                        if one.offset in among:
                            yield one

    async def _fetch(self) -> tuple[dict[Any, Any], set[Any]]:
        """Return the next messages, and the partitions whose logs end before their positions."""
        try:
            return await self._consumer.getmany(timeout_ms=200), set()
        except kafka.OffsetOutOfRangeError as error:
            (positions,) = error.args
        first = await self._consumer.beginning_offsets(list(positions))
        cut_short = {one for one, position in positions.items() if position >= first[one]}
        for partition in positions.keys() - cut_short:
            self._consumer.seek(partition, first[partition])
        return {}, cut_short

    async def _is_finished(self, partition: TopicPartition, ends: dict[Any, int | None]) -> bool:
        end = ends[partition]
        # Every response contains it. A range without an end goes up to the first.
        log_end = readable_end(self._consumer, partition, self._isolation_level)
        if end is None:
            end = ends[partition] = log_end
        known = [one for one in (end, log_end) if one is not None]
        return bool(known) and await self._consumer.position(partition) >= min(known)

    async def _close(self) -> None:
        await self._consumer.stop()
        await self._admin.close()

    @asynccontextmanager
    async def _translate_errors(
        self, what: str = "its topics", group: str = ""
    ) -> AsyncIterator[None]:
        try:
            yield
        except (kafka.TopicAuthorizationFailedError, kafka.GroupAuthorizationFailedError) as error:
            user, prefix = describe_user(self._cluster), self._cluster.role.upper()
            raise ConfigError(
                f"{describe_cluster(self._cluster)} does not let {user} read {what}: grant READ and"
                f" DESCRIBE, or use another {prefix}_SASL_USERNAME"
                f"{describe_group_rule(self._cluster, group) if group else ''}"
            ) from error
        except (kafka.KafkaError, OSError, TimeoutError) as error:
            raise ConfigError(await self._problem(repr(error))) from error

    async def _problem(self, otherwise: str) -> str:
        # The error of aiokafka only says that it has found no broker.
        problem = await connection.find_connection_problem(self._cluster)
        return problem or f"{describe_cluster(self._cluster)} accepts connections, but: {otherwise}"


async def _ask_coordinator(request: Callable[[], Awaitable[T]]) -> T:
    """Return the answer to a request to the coordinator of a group."""
    deadline = time.monotonic() + COORDINATOR_TIMEOUT
    while True:
        try:
            return await request()
        except _NO_COORDINATOR_YET:
            # A new cluster creates the topic for offsets at the first request, and a broker that
            # has become the coordinator loads it first.
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.2)


def _in_ranges(
    fetched: Mapping[Any, Collection[Any]], ends: Mapping[Any, int | None]
) -> list[Message]:
    return [
        _to_message(one)
        for partition, records in fetched.items()
        for one in records
        if partition in ends and (ends[partition] is None or one.offset < ends[partition])
    ]


def _to_message(record: Any) -> Message:
    return Message(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        timestamp=record.timestamp if record.timestamp >= 0 else None,
        headers=record.headers,
    )

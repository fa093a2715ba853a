"""The offsets of the topics of a worker, and how far its group has consumed them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from stampapp.config.settings import Settings
from stampapp.errors import ConfigError
from stampapp.inspection.topic_roles import (
    TOPIC_ROLES,
    TopicRole,
    distinct_clusters,
    replace_patterns,
    topic_roles,
)
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.message import Partition
from stampapp.kafka.topic_reader import TopicReader


@dataclass(frozen=True, kw_only=True, slots=True)
class PartitionStatus:
    """The offsets of a partition: from `first` up to but excluding `end`.

    The group has committed `committed`; None if it has committed nothing here. `cut_short` is
    whether the log ends before that offset, so that a worker starts at `first` again.
    """

    partition: int
    first: int
    end: int
    committed: int | None = None
    cut_short: bool = False

    @property
    def messages(self) -> int:
        """The number of offsets; a compacted or transactional topic has fewer messages."""
        return max(0, self.end - self.first)

    @property
    def lag(self) -> int:
        """The number of offsets that are not consumed; without a commit, all."""
        return max(0, self.end - self.next_offset)

    @property
    def next_offset(self) -> int:
        """The offset that the group consumes next."""
        return self.first if self.cut_short else max(self.first, self.committed or 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicStatus:
    """A topic in a role with its partitions; without any if it does not exist.

    `problem` is why its cluster could not be read. `tonight` is False for topics of earlier nights.
    """

    topic_role: TopicRole
    partitions: tuple[PartitionStatus, ...] = ()
    tonight: bool = True
    problem: str | None = None

    @property
    def exists(self) -> bool:
        """Whether the topic exists."""
        return bool(self.partitions)

    @property
    def messages(self) -> int:
        """The number of offsets."""
        return sum(one.messages for one in self.partitions)

    @property
    def lag(self) -> int:
        """The number of offsets that the group has not consumed."""
        return sum(one.lag for one in self.partitions)


async def read_status(settings: Settings, now: datetime) -> tuple[TopicStatus, ...]:
    """Read all clusters at once, and return the topics by role, the latest nights first.

    If a cluster cannot be read, its topics have a `problem`.
    """
    wanted_roles = topic_roles(settings, now)
    found = await asyncio.gather(
        *(_cluster_status(one, wanted_roles, settings, now) for one in distinct_clusters(settings))
    )
    return tuple(sorted((one for some in found for one in some), key=_by_role))


def _by_role(status: TopicStatus) -> tuple[int, bool]:
    return TOPIC_ROLES.index(status.topic_role.role), not status.tonight


async def _cluster_status(
    cluster: Cluster, wanted_roles: Sequence[TopicRole], settings: Settings, now: datetime
) -> list[TopicStatus]:
    roles = [role for role in wanted_roles if role.cluster.identity == cluster.identity]
    try:
        async with TopicReader(cluster, settings.isolation_level) as reader:
            return await _read_status(reader, roles, settings, now)
    except ConfigError as error:
        return [TopicStatus(topic_role=role, problem=str(error)) for role in roles]


async def _read_status(
    reader: TopicReader, roles: Sequence[TopicRole], settings: Settings, now: datetime
) -> list[TopicStatus]:
    present = await reader.list_partitions()
    roles = replace_patterns(roles, settings.consumer_topics, present)
    earlier = [
        replace(role, topic=topic)
        for role in roles
        if role.role == "producer"
        for topic in settings.output_topic.select_latest_first(present, now)
        if topic != role.topic
    ]
    wanted = [at for role in (*roles, *earlier) for at in present.get(role.topic, ())]
    consumed = [
        at for role in roles if role.role == "consumer" for at in present.get(role.topic, ())
    ]
    found = await read_partitions(reader, wanted)
    found |= await read_partitions(reader, consumed, settings.group_id)

    def status(role: TopicRole, tonight: bool) -> TopicStatus:
        partitions = tuple(found[at] for at in present.get(role.topic, ()))
        return TopicStatus(topic_role=role, partitions=partitions, tonight=tonight)

    nights = [status(role, False) for role in earlier]
    return [*(status(role, True) for role in roles), *nights]


async def read_partitions(
    reader: TopicReader, partitions: Collection[Partition], group: str | None = None
) -> dict[Partition, PartitionStatus]:
    """Return the offsets of partitions, with those that the group has committed."""
    # Committed offsets first: they are not beyond ends that are read later.
    committed = await reader.committed_offsets(group, partitions) if group and partitions else {}
    first, end = await reader.first_offsets(partitions), await reader.end_offsets(partitions)
    beyond = {at: offset for at, offset in committed.items() if offset > end[at]}
    cut_short = await reader.find_cut_short(beyond)
    return {
        at: PartitionStatus(
            partition=at[1],
            first=first[at],
            end=end[at],
            committed=committed.get(at),
            cut_short=at in cut_short,
        )
        for at in partitions
    }

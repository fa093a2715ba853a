"""The members of a consumer group, and its committed offsets, without joining it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka import errors as kafka
from aiokafka.structs import OffsetAndMetadata

from stampapp.errors import ConfigError
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.connection_errors import describe_cluster, describe_group_rule, describe_user
from stampapp.kafka.message import Partition

_START_TIMEOUT = 10.0
_COMMIT_TIMEOUT = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupMember:
    """A member of a group: the id that its broker gave it, and the address of its client."""

    member_id: str
    host: str

    def __str__(self) -> str:
        return f"{self.member_id} on {self.host}"


def parse_members(responses: list[Any]) -> Iterator[GroupMember]:
    """Yield the members in responses to DescribeGroups. Raises the KafkaError of a group."""
    for group in (one for response in responses for one in response.to_object()["groups"]):
        if group["error_code"]:
            raise kafka.for_code(group["error_code"])(group["group"])
        for member in group["members"]:
            host = member["client_host"].removeprefix("/")
            yield GroupMember(member_id=member["member_id"], host=host)


async def set_committed_offsets(
    cluster: Cluster,
    group: str,
    offsets: Mapping[Partition, int],
    metadata: Mapping[Partition, str],
) -> None:
    """Commit offsets for a group without members, with the metadata that each is to have.

    Raises ConfigError if the group has members.
    """
    consumer = AIOKafkaConsumer(
        **cluster.client_options(), group_id=group, enable_auto_commit=False
    )
    targets = {
        TopicPartition(*one): OffsetAndMetadata(offset, metadata.get(one, ""))
        for one, offset in offsets.items()
    }
    try:
        await asyncio.wait_for(consumer.start(), _START_TIMEOUT)
        # Assigned, not subscribed: the commit names no member, so that the broker accepts it only
        # while the group has none.
        consumer.assign(list(targets))
        await asyncio.wait_for(consumer.commit(targets), _COMMIT_TIMEOUT)
    except (kafka.KafkaError, OSError, TimeoutError) as error:
        raise ConfigError(_explain(cluster, group, error)) from error
    finally:
        await consumer.stop()


def _explain(cluster: Cluster, group: str, error: Exception) -> str:
    if isinstance(error, kafka.CommitFailedError):
        return f"the group {group} has an active member by now: stop all of its workers first"
    if isinstance(error, kafka.GroupAuthorizationFailedError | kafka.TopicAuthorizationFailedError):
        denied_group = isinstance(error, kafka.GroupAuthorizationFailedError)
        return (
            f"{describe_cluster(cluster)} does not let {describe_user(cluster)} commit offsets of"
            f" the group {group}: grant READ on the group and on its topics"
            f"{describe_group_rule(cluster, group) if denied_group else ''}"
        )
    return f"{describe_cluster(cluster)} has not committed the offsets of {group}: {error!r}"

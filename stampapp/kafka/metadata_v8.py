"""Ask a broker for its addresses and for the operations that a client may do on topics.

The authorized operations come with Metadata version 8 (Kafka 2.3); aiokafka implements versions up
to 5. The wire formats are those of the Kafka protocol guide.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from aiokafka import errors as kafka
from aiokafka.conn import AIOKafkaConnection
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

_STRING = String("utf-8")


class Operation(IntEnum):
    """The codes of Kafka's AclOperation."""

    READ = 3
    WRITE = 4
    CREATE = 5
    DESCRIBE = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicMetadata:
    """A topic as the broker describes it; `allowed` is None if it does not report permissions."""

    name: str
    exists: bool
    allowed: frozenset[Operation] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterMetadata:
    """The advertised addresses of the brokers (host:port), and the topics by name."""

    brokers: tuple[str, ...]
    topics: dict[str, TopicMetadata]


class _MetadataResponse_v8(Response):  # type: ignore[misc]  # noqa: N801  # as aiokafka has it
    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            Array(("node_id", Int32), ("host", _STRING), ("port", Int32), ("rack", _STRING)),
        ),
        ("cluster_id", _STRING),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", _STRING),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("isr", Array(Int32)),
                        ("offline_replicas", Array(Int32)),
                    ),
                ),
                ("authorized_operations", Int32),
            ),
        ),
        ("cluster_authorized_operations", Int32),
    )


class _MetadataRequest_v8(RequestStruct):  # type: ignore[misc]  # noqa: N801
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _MetadataResponse_v8
    SCHEMA = Schema(
        ("topics", Array(_STRING)),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class _PermissionsRequest(Request[_MetadataRequest_v8]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, topics: list[str] | None) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_MetadataRequest_v8]) -> _MetadataRequest_v8:
        return request_struct_class(self._topics, False, False, True)


async def fetch_metadata(
    connection: AIOKafkaConnection, topics: Iterable[str] | None
) -> ClusterMetadata:
    """Fetch brokers, topics and permissions; the request creates no topic.

    `topics` None stands for all that this client may see.
    """
    wanted = None if topics is None else list(topics)
    try:
        found = await connection.send(_PermissionsRequest(wanted))
    except NotImplementedError:
        # An older broker, which does not report permissions.
        rest: list[str] | None = None if wanted is None else []
        found = await connection.send(MetadataRequest(rest, allow_auto_topic_creation=False))
    return parse_metadata(found)


async def is_group_denied(connection: AIOKafkaConnection, group: str) -> bool:
    """Return whether this client must not consume as the group; the group is not joined."""
    # A heartbeat without a member: the broker checks the permission before it looks for the member.
    response = await connection.send(HeartbeatRequest(group, -1, ""))
    return bool(response.error_code == kafka.GroupAuthorizationFailedError.errno)


def parse_metadata(found: Response) -> ClusterMetadata:
    """Return the content of a metadata response of either version."""
    brokers = tuple(f"{_format_host(host)}:{port}" for _, host, port, _ in found.brokers)
    topics = [_topic(name, code, operations) for code, name, _, _, operations in found.topics]
    return ClusterMetadata(brokers=brokers, topics={topic.name: topic for topic in topics})


def _format_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _topic(name: str, code: int, operations: int) -> TopicMetadata:
    allowed = frozenset(one for one in Operation if operations >= 0 and operations & 1 << one)
    denied = code == kafka.TopicAuthorizationFailedError.errno
    # A broker that describes a topic and does not list DESCRIBE reports no permissions.
    silent = not denied and Operation.DESCRIBE not in allowed
    return TopicMetadata(
        name=name,
        exists=not denied and code != kafka.UnknownTopicOrPartitionError.errno,
        allowed=None if silent else allowed,
    )

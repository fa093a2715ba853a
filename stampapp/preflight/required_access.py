"""The Kafka permissions that a worker needs, and which of them are missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from stampapp.config.settings import Settings
from stampapp.inspection.topic_roles import SHADOW_TOPIC, TOPIC_ROLES, topic_roles
from stampapp.kafka.cluster import OPTIONAL_ROLES, Cluster, group_identical
from stampapp.kafka.connection_errors import (
    describe_cluster,
    describe_group_rule,
    describe_user,
    join_words,
)
from stampapp.kafka.metadata_v8 import ClusterMetadata, Operation
from stampapp.kafka.nightly_topic import is_legal_topic

_VERBS = {Operation.READ: "read", Operation.WRITE: "write to", Operation.CREATE: "create"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Permission:
    """An operation on a topic that a role needs; `setting` names the topic."""

    role: str
    operation: Operation
    topic: str
    setting: str

    @property
    def optional(self) -> bool:
        """Whether the worker can run without it, as without metrics and a shadow model."""
        return self.role in OPTIONAL_ROLES or self.setting == SHADOW_TOPIC


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterAccess:
    """The access needed on one cluster as one user; `group` if messages are consumed from it."""

    cluster: Cluster
    permissions: tuple[Permission, ...]
    group: str | None

    @property
    def optional(self) -> bool:
        """Whether the worker can run without this cluster."""
        return all(permission.optional for permission in self.permissions)

    @property
    def topics(self) -> tuple[str, ...]:
        """The distinct topics, without patterns of input topics."""
        names = dict.fromkeys(permission.topic for permission in self.permissions)
        return tuple(filter(is_legal_topic, names))

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns of input topics."""
        return tuple(one.topic for one in self.permissions if not is_legal_topic(one.topic))


def required_access(settings: Settings, now: datetime) -> tuple[ClusterAccess, ...]:
    """Return the access needed on each distinct cluster, tomorrow's output topic included.

    The worker creates that topic at night, when a missing permission is not noticed.
    """
    permissions = tuple(_permissions(settings, now))
    return tuple(
        _cluster_access(clusters, permissions, settings.group_id)
        for clusters in group_identical(settings.clusters)
    )


def _cluster_access(
    clusters: Sequence[Cluster], permissions: Sequence[Permission], group: str
) -> ClusterAccess:
    roles = {cluster.role for cluster in clusters}
    return ClusterAccess(
        cluster=clusters[0],
        permissions=tuple(one for one in permissions if one.role in roles),
        group=group if "consumer" in roles else None,
    )


def _permissions(settings: Settings, now: datetime) -> Iterator[Permission]:
    tomorrow = now + timedelta(days=1)
    topics = dict.fromkeys((*topic_roles(settings, now), *topic_roles(settings, tomorrow)))
    for one in sorted(topics, key=lambda one: TOPIC_ROLES.index(one.role)):
        yield Permission(
            role=one.cluster.role,
            operation=Operation.READ if one.role == "consumer" else Operation.WRITE,
            topic=one.topic,
            setting=one.setting,
        )


def missing_permissions(
    access: ClusterAccess, metadata: ClusterMetadata
) -> tuple[list[str], list[str]]:
    """Describe the missing permissions: those that a worker needs, and those it can run without.

    A permission that the broker does not report counts as granted.
    """
    denied = [
        permission for permission in access.permissions if not _is_granted(permission, metadata)
    ]
    found: tuple[list[str], list[str]] = ([], [])
    for (optional, setting, operation), permissions in groupby(denied, _by_setting):
        topics = [permission.topic for permission in permissions]
        found[optional].append(describe_denied_topics(access.cluster, setting, operation, topics))
    return found


def _by_setting(permission: Permission) -> tuple[bool, str, Operation]:
    return permission.optional, permission.setting, permission.operation


def _is_granted(permission: Permission, metadata: ClusterMetadata) -> bool:
    topic = metadata.topics.get(permission.topic)
    return topic is None or topic.allowed is None or permission.operation in topic.allowed


def describe_denied_topics(
    cluster: Cluster, setting: str, operation: Operation, topics: Iterable[str]
) -> str:
    """Describe an operation on topics that the cluster denies, and name the settings to check."""
    names = join_words(tuple(topics))
    what = f"{_VERBS[operation]} {names}: grant {operation.name} there"
    who = f"{describe_cluster(cluster)} does not let {describe_user(cluster)}"
    return f"{who} {what}, or check {_settings_to_check(cluster, setting)}"


def describe_denied_group(cluster: Cluster, group: str) -> str:
    """Describe that the client must not consume as this group."""
    return (
        f"{describe_cluster(cluster)} does not let {describe_user(cluster)} consume as the group"
        f" {group}: grant READ on the group, or check"
        f" {_settings_to_check(cluster, 'CONSUMER_GROUP_ID')}"
        f"{describe_group_rule(cluster, group)}"
    )


def missing_topics(access: ClusterAccess, metadata: ClusterMetadata) -> tuple[Permission, ...]:
    """Return the permissions on topics that do not exist, and on patterns."""
    return tuple(one for one in access.permissions if _is_missing(one.topic, metadata))


def _is_missing(topic: str, metadata: ClusterMetadata) -> bool:
    found = metadata.topics.get(topic)
    return not found.exists if found else not is_legal_topic(topic)


def _settings_to_check(cluster: Cluster, setting: str) -> str:
    prefix = cluster.role.upper()
    return f"{setting} and {prefix}_{'SASL_USERNAME' if cluster.sasl else 'SECURITY_PROTOCOL'}"

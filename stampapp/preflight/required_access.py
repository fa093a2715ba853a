"""What a worker has to do on each cluster, and what it lacks there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from stampapp.config.settings import Settings
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.connection_errors import describe_cluster, describe_user, join_words
from stampapp.kafka.metadata_v8 import ClusterMetadata, Operation

_VERBS = {Operation.READ: "read", Operation.WRITE: "write to", Operation.CREATE: "create"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """To do something with a topic, which the setting `key` names, in a role."""

    role: str
    operation: Operation
    topic: str
    key: str

    @property
    def optional(self) -> bool:
        """Whether the worker goes on without: metrics are best effort."""
        return self.role == "metrics"


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """All that has to be done on one cluster, under one user; `group` where it is consumed from."""

    cluster: Cluster
    needs: tuple[Need, ...]
    group: str | None

    @property
    def optional(self) -> bool:
        """Whether nothing is done there that the worker cannot go on without."""
        return all(need.optional for need in self.needs)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics, each once."""
        return tuple(dict.fromkeys(need.topic for need in self.needs))


def errands(settings: Settings, now: datetime) -> tuple[Errand, ...]:
    """Return one errand per distinct cluster. A night ahead, for its topic comes unattended."""
    needs = tuple(_needs(settings, now))
    found: dict[object, list[Cluster]] = {}
    for cluster in (settings.consumer, settings.producer, settings.scribe, settings.metrics):
        found.setdefault(cluster.identity, []).append(cluster)
    return tuple(_errand(clusters, needs, settings.group_id) for clusters in found.values())


def _errand(clusters: list[Cluster], needs: tuple[Need, ...], group: str) -> Errand:
    roles = {cluster.role for cluster in clusters}
    return Errand(
        cluster=clusters[0],
        needs=tuple(need for need in needs if need.role in roles),
        group=group if "consumer" in roles else None,
    )


def _needs(settings: Settings, now: datetime) -> Iterator[Need]:
    read, write = Operation.READ, Operation.WRITE
    for topic in settings.consumer_topics:
        yield Need(role="consumer", operation=read, topic=topic, key="CONSUMER_TOPICS")
    nights = (settings.output_topic.name_at(now + timedelta(days=days)) for days in (0, 1))
    for topic in dict.fromkeys(nights):
        yield Need(role="producer", operation=write, topic=topic, key="PRODUCER_TOPIC_FORMAT")
    if dead := settings.deadletter_topic:
        yield Need(role="producer", operation=write, topic=dead, key="DEADLETTER_TOPIC")
    yield Need(role="scribe", operation=write, topic=settings.scribe_topic, key="SCRIBE_TOPIC")
    yield Need(role="metrics", operation=write, topic=settings.metrics_topic, key="METRICS_TOPIC")


def denied(errand: Errand, answer: ClusterMetadata) -> tuple[list[str], list[str]]:
    """Return in words what a broker does not let us do: what is vital, and what is optional.

    What a broker does not tell of is taken for allowed.
    """
    lacking = [need for need in errand.needs if not _allowed(need, answer)]
    found: tuple[list[str], list[str]] = ([], [])
    for (optional, key, operation), needs in groupby(lacking, _kind):
        topics = [need.topic for need in needs]
        found[optional].append(_denial(errand.cluster, key, operation, topics))
    return found


def _kind(need: Need) -> tuple[bool, str, Operation]:
    return need.optional, need.key, need.operation


def _allowed(need: Need, answer: ClusterMetadata) -> bool:
    topic = answer.topics.get(need.topic)
    return topic is None or topic.allowed is None or need.operation in topic.allowed


def _denial(cluster: Cluster, key: str, operation: Operation, topics: Iterable[str]) -> str:
    names = join_words(tuple(topics))
    what = f"{_VERBS[operation]} {names}: have {operation.name} granted there"
    who = f"{describe_cluster(cluster)} does not let {describe_user(cluster)}"
    return f"{who} {what}, or see {_keys(cluster, key)}"


def group_denied(cluster: Cluster, group: str) -> str:
    """Return in words that we must not consume as this group."""
    return (
        f"{describe_cluster(cluster)} does not let {describe_user(cluster)} consume as the group"
        f" {group}: have READ granted on the group, or see {_keys(cluster, 'CONSUMER_GROUP_ID')}"
    )


def absent(errand: Errand, answer: ClusterMetadata) -> tuple[Need, ...]:
    """Return the needs whose topics do not exist; tomorrow's is not missed today."""
    missed = [n for n in errand.needs if n.topic in answer.topics]
    return tuple(need for need in missed if not answer.topics[need.topic].exists)


def _keys(cluster: Cluster, key: str) -> str:
    prefix = cluster.role.upper()
    return f"{key} and {prefix}_{'SASL_USERNAME' if cluster.sasl else 'SECURITY_PROTOCOL'}"

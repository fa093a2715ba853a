"""The topics of a worker by their role, as the settings name them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from stampapp.config.settings import Settings
from stampapp.kafka.cluster import Cluster

ROLES = ("consumer", "producer", "deadletter", "scribe", "metrics")


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicRole:
    """A topic in a role: the first word of its setting's name, in lower case."""

    role: str
    topic: str
    cluster: Cluster


def topic_roles(settings: Settings, now: datetime) -> tuple[TopicRole, ...]:
    """Return every topic of a worker; of the nights' that to which it would publish now."""
    return tuple(_parts(settings, now))


def _parts(settings: Settings, now: datetime) -> Iterator[TopicRole]:
    for topic in settings.consumer_topics:
        yield TopicRole(role="consumer", topic=topic, cluster=settings.consumer)
    yield TopicRole(
        role="producer", topic=settings.output_topic.name_at(now), cluster=settings.producer
    )
    if dead := settings.deadletter_topic:
        yield TopicRole(role="deadletter", topic=dead, cluster=settings.producer)
    yield TopicRole(role="scribe", topic=settings.scribe_topic, cluster=settings.scribe)
    yield TopicRole(role="metrics", topic=settings.metrics_topic, cluster=settings.metrics)


def distinct_clusters(settings: Settings) -> tuple[Cluster, ...]:
    """Return each distinct cluster once, in the first of its roles."""
    found: dict[object, Cluster] = {}
    for one in (settings.consumer, settings.producer, settings.scribe, settings.metrics):
        found.setdefault(one.identity, one)
    return tuple(found.values())

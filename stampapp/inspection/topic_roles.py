"""The topics of a worker by role: the one list of what it reads and writes, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from stampapp.config.settings import Settings
from stampapp.kafka.cluster import Cluster, group_identical

TOPIC_ROLES = ("consumer", "producer", "deadletter", "scribe", "metrics")


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicRole:
    """A topic in one of TOPIC_ROLES, its cluster, and the setting that names the topic."""

    role: str
    topic: str
    cluster: Cluster
    setting: str


def topic_roles(settings: Settings, now: datetime) -> tuple[TopicRole, ...]:
    """Return every topic of a worker; of the nightly ones the one that it would publish to now."""
    return tuple(
        TopicRole(role=role, topic=topic, cluster=cluster, setting=setting)
        for role, topic, cluster, setting in _topics(settings, now)
    )


def _topics(settings: Settings, now: datetime) -> Iterator[tuple[str, str, Cluster, str]]:
    for topic in settings.consumer_topics:
        yield "consumer", topic, settings.consumer, "CONSUMER_TOPICS"
    output = settings.output_topic.name_at(now)
    yield "producer", output, settings.producer, "PRODUCER_TOPIC_FORMAT"
    if settings.deadletter_topic:
        yield "deadletter", settings.deadletter_topic, settings.producer, "DEADLETTER_TOPIC"
    yield "scribe", settings.scribe_topic, settings.scribe, "SCRIBE_TOPIC"
    yield "metrics", settings.metrics_topic, settings.metrics, "METRICS_TOPIC"


def distinct_clusters(settings: Settings) -> tuple[Cluster, ...]:
    """Return each distinct cluster once, in the first of its roles."""
    return tuple(first for first, *_ in group_identical(settings.clusters))

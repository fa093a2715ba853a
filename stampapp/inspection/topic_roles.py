"""The topics of a worker by role: the one list of what it reads and writes, and where."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeVar

from stampapp.config.settings import Settings
from stampapp.kafka.cluster import Cluster, group_identical
from stampapp.kafka.input_topics import InputTopics

TOPIC_ROLES = ("consumer", "producer", "deadletter", "scribe", "metrics", "shadow")
SHADOW_TOPIC = "SHADOW_TOPIC"


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicRole:
    """A topic in one of TOPIC_ROLES, its cluster, and the setting that names the topic."""

    role: str
    topic: str
    cluster: Cluster
    setting: str


def topic_roles(settings: Settings, now: datetime) -> tuple[TopicRole, ...]:
    """Return every topic of a worker; of the nightly ones the one that it would publish to now.

    Patterns among the input topics stand for themselves: see `replace_patterns`.
    """
    return tuple(
        TopicRole(role=role, topic=topic, cluster=cluster, setting=setting)
        for role, topic, cluster, setting in _topics(settings, now)
    )


class _HasTopic(Protocol):
    """A dataclass about one topic of a role."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def role(self) -> str:
        """One of TOPIC_ROLES."""

    @property
    def topic(self) -> str:
        """The topic, or a pattern of input topics."""


T = TypeVar("T", bound=_HasTopic)


def replace_patterns(found: Iterable[T], inputs: InputTopics, present: Collection[str]) -> list[T]:
    """Replace each pattern among the input topics by the topics that match, if there are any."""
    replaced: dict[T, None] = {}
    for one in found:
        topics = inputs.expand(one.topic, present) if one.role == "consumer" else ()
        replaced |= dict.fromkeys(replace(one, topic=topic) for topic in topics or (one.topic,))
    return list(replaced)


def _topics(settings: Settings, now: datetime) -> Iterator[tuple[str, str, Cluster, str]]:
    for topic in settings.consumer_topics.entries:
        yield "consumer", topic, settings.consumer, "CONSUMER_TOPICS"
    output = settings.output_topic.name_at(now)
    yield "producer", output, settings.producer, "PRODUCER_TOPIC_FORMAT"
    if settings.deadletter_topic:
        yield "deadletter", settings.deadletter_topic, settings.producer, "DEADLETTER_TOPIC"
    yield "scribe", settings.scribe_topic, settings.scribe, "SCRIBE_TOPIC"
    yield "metrics", settings.metrics_topic, settings.metrics, "METRICS_TOPIC"
    if settings.shadow and settings.shadow.topic:
        yield "shadow", settings.shadow.topic, settings.producer, SHADOW_TOPIC


def distinct_clusters(settings: Settings) -> tuple[Cluster, ...]:
    """Return each distinct cluster once, in the first of its roles."""
    return tuple(first for first, *_ in group_identical(settings.clusters))

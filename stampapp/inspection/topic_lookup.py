"""Find the topics that a role or a topic name stands for, and their cluster."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from stampapp.config.settings import Settings
from stampapp.errors import ConfigError
from stampapp.inspection.topic_roles import TOPIC_ROLES, distinct_clusters, topic_roles
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.connection_errors import describe_cluster, join_words
from stampapp.kafka.input_topics import InputTopics
from stampapp.kafka.message import Partition
from stampapp.kafka.nightly_topic import NightlyTopic
from stampapp.kafka.topic_reader import TopicReader

# Output topics to show: of tonight and of the night before.
_LATEST_NIGHTS = 2
_MAX_NAMES = 20
# Of the roles that a worker need not have.
_NO_TOPIC = {
    "deadletter": "DEADLETTER_TOPIC is empty, so there are no dead letters: set it to keep them",
    "shadow": "SHADOW_TOPIC is not set, so the shadow model publishes nothing: set it to keep its"
    " predictions",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicSelection:
    """The selected topics of one cluster.

    With `nightly` those of the latest nights, with `inputs` those that a worker reads.
    """

    cluster: Cluster
    topics: tuple[str, ...]
    nightly: NightlyTopic | None = None
    inputs: InputTopics | None = None

    async def partitions(self, reader: TopicReader, now: datetime) -> list[Partition]:
        """Return the partitions that exist now. Raises ConfigError if there are none."""
        present = await reader.list_partitions()
        names = self.topics
        if self.nightly:
            names = tuple(self.nightly.select_latest_first(present, now)[:_LATEST_NIGHTS])
        if self.inputs:
            names = self.inputs.select(present)
        found = [at for name in names for at in present.get(name, ())]
        if not found:
            where, what = describe_cluster(self.cluster), join_words(self.topics)
            raise ConfigError(f"{where} has no topic {what} yet; {describe_topics(present)}")
        return found


async def select_topics(settings: Settings, name: str, now: datetime) -> TopicSelection:
    """Return the topics of a role, or else the topic of this name on the first cluster with it.

    Raises ConfigError that lists the existing topics if there is none.
    """
    if name in TOPIC_ROLES:
        return _select_role(settings, name, now)
    present_topics: dict[str, None] = {}
    problems = []
    for cluster in distinct_clusters(settings):
        try:
            async with TopicReader(cluster) as reader:
                present = await reader.list_partitions()
        except ConfigError as error:
            problems.append(str(error))
            continue
        if name in present:
            return TopicSelection(cluster=cluster, topics=(name,))
        present_topics |= dict.fromkeys(sorted(present))
    roles = join_words(TOPIC_ROLES)
    text = "\n".join(
        [
            f"{name} is neither a topic nor a role ({roles});"
            f" {describe_topics(present_topics, name)}",
            *problems,
        ]
    )
    raise ConfigError(text)


def _select_role(settings: Settings, role: str, now: datetime) -> TopicSelection:
    found = [one for one in topic_roles(settings, now) if one.role == role]
    if not found:
        raise ConfigError(_NO_TOPIC[role])
    return TopicSelection(
        cluster=found[0].cluster,
        topics=tuple(one.topic for one in found),
        nightly=settings.output_topic if role == "producer" else None,
        inputs=settings.consumer_topics if role == "consumer" else None,
    )


def describe_topics(topics: Collection[str] | Mapping[str, object], name: str = "") -> str:
    """Describe which topics exist, those with names similar to `name` first."""
    visible = [topic for topic in topics if not topic.startswith("__")]
    similar = difflib.get_close_matches(name, visible, n=3, cutoff=0.6)
    names = list(dict.fromkeys([*similar, *sorted(visible)]))
    if not names:
        return "the cluster has no topics"
    rest = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return f"there are {', '.join(names[:_MAX_NAMES])}{rest}"

"""Read the topics of a worker: what it consumes, and where it publishes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from stampapp.config.casts import number, topic_name
from stampapp.config.environment import Reader
from stampapp.kafka.input_topics import InputTopics, parse_entries
from stampapp.kafka.nightly_topic import TOPIC_RULE, NightlyTopic, is_legal_topic

if TYPE_CHECKING:
    from stampapp.config.settings import Settings

# Nights before and after this one for which the name of the output topic is checked.
_NIGHTS = 400


def read_input_topics(reader: Reader) -> InputTopics | None:
    """Read which topics a worker consumes; None where a problem was noted."""
    read = reader.read
    entries: Any = read(
        "CONSUMER_TOPICS",
        parse_entries,
        None,
        "topics of alerts, comma-separated; ^…: a regular expression; %s: any date",
        required=True,
    )
    date_format = read(
        "CONSUMER_TOPICS_DATE_FORMAT",
        str,
        "%Y%m%d",
        "format of the date in CONSUMER_TOPICS (strftime)",
    )
    if entries is None:
        return None
    return reader.build(lambda: InputTopics(entries=entries, date_format=date_format))


def read_topics(reader: Reader, group: str | None) -> dict[str, Any]:
    """Read the topics of a worker; the dead letters' is named after the group."""
    read = reader.read
    return {
        "output_topic": _output_topic(reader),
        "consumer_topics": read_input_topics(reader),
        "scribe_topic": read(
            "SCRIBE_TOPIC", topic_name, None, "topic of scribe commands", required=True
        ),
        **_metrics_documents(reader),
        "deadletter_topic": _deadletter_topic(reader, group),
    }


def _metrics_documents(reader: Reader) -> dict[str, Any]:
    read = reader.read
    return {
        "metrics_topic": read("METRICS_TOPIC", topic_name, None, "topic of metrics", required=True),
        "metrics_source": read(
            "METRICS_SOURCE", str, "StampClassifierStep", "`source` in the metrics documents"
        ),
        "metrics_survey": read(
            "METRICS_SURVEY", str, None, "`survey` in the metrics documents; unset: no such field"
        ),
    }


def _deadletter_topic(reader: Reader, group: str | None) -> str | None:
    default = f"{group}-deadletter" if group else None
    found = reader.read(
        "DEADLETTER_TOPIC",
        topic_name,
        default,
        "topic of bad messages, on the producer's cluster; empty: stop the worker instead",
        blank_is_a_value=True,
    )
    if default and found == default and not is_legal_topic(default):
        reader.problems.append(
            f"DEADLETTER_TOPIC must be set, as its default {default!r} is no topic: {TOPIC_RULE}"
        )
    return found or None


def _output_topic(reader: Reader) -> NightlyTopic | None:
    read = reader.read
    fields: dict[str, Any] = {
        "topic_format": read(
            "PRODUCER_TOPIC_FORMAT", str, None, "output topic; %s: the date", required=True
        ),
        "date_format": read("PRODUCER_DATE_FORMAT", str, "%Y%m%d", "format of the date (strftime)"),
        "change_hour": read(
            "PRODUCER_CHANGE_HOUR", number(0, 23, int), 22, "UTC hour at which the date changes"
        ),
        "retention_days": read(
            "PRODUCER_RETENTION_DAYS", number(0.01, 3650, float), 8.0, "days a topic is kept"
        ),
    }
    if fields["topic_format"] is None:
        return None
    return reader.build(lambda: NightlyTopic(**fields))


def describe_own_input(settings: Settings) -> list[str]:
    """Describe which of the topics that a worker publishes to it would consume itself."""
    day = datetime.now(UTC)
    nights = (day + timedelta(days=days) for days in range(-_NIGHTS, _NIGHTS))
    output = {settings.output_topic.name_at(night): None for night in nights}
    published = (
        ("PRODUCER_TOPIC_FORMAT", output, settings.producer),
        ("DEADLETTER_TOPIC", (settings.deadletter_topic,), settings.producer),
        ("SCRIBE_TOPIC", (settings.scribe_topic,), settings.scribe),
        ("METRICS_TOPIC", (settings.metrics_topic,), settings.metrics),
        ("SHADOW_TOPIC", (settings.shadow and settings.shadow.topic,), settings.producer),
    )
    return [
        f"CONSUMER_TOPICS is {str(settings.consumer_topics)!r} and includes {own[0]}, to which the"
        f" worker itself publishes ({key}): let it match topics of alerts only"
        for key, topics, cluster in published
        if set(cluster.servers) & set(settings.consumer.servers)
        and (own := [one for one in topics if one and settings.consumer_topics.match(one)])
    ]

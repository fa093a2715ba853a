"""Every setting once, with its cast, its default and its meaning.

A key comes from the environment or, failing that, from a `.env` file in the working directory.
An empty value counts as unset, except where it means "off".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from stampapp.config.casts import (
    boolean,
    log_level_name,
    member,
    number,
    one_of,
    topic_name,
    topic_names,
)
from stampapp.config.cpu_count import cores
from stampapp.config.environment import Reader, Reading
from stampapp.config.kafka_settings import read_cluster
from stampapp.config.model_settings import ModelSettings, read_model
from stampapp.config.unread_keys import UnreadKey, unread_keys
from stampapp.kafka.cluster import CLUSTER_ROLES, PUBLISHING_ROLES, Cluster
from stampapp.kafka.compression import Compression
from stampapp.kafka.isolation import READ_COMMITTED, READ_UNCOMMITTED
from stampapp.kafka.nightly_topic import TOPIC_RULE, NightlyTopic, is_legal_topic

# Each takes an eighth of a GiB; with more processors a batch gets several.
_MAX_CLASSIFY_THREADS = 4

# How the log is written: for people, or as one JSON object per line.
HUMAN, JSON = "human", "json"


@dataclass(frozen=True, kw_only=True, slots=True)
class InputSettings:
    """Where a worker reads its alerts, for commands that publish some. Times in seconds."""

    cluster: Cluster
    topics: tuple[str, ...]
    idempotence: bool
    compression: Compression
    delivery_timeout: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """All settings of a worker. Times in seconds."""

    model: ModelSettings
    consumer: Cluster
    producer: Cluster
    scribe: Cluster
    metrics: Cluster
    consumer_topics: tuple[str, ...]
    group_id: str
    batch_timeout: float
    batch_messages: int
    session_timeout: float
    metadata_age: float
    isolation_level: str
    output_topic: NightlyTopic
    scribe_topic: str
    metrics_topic: str
    metrics_source: str
    metrics_survey: str | None
    deadletter_topic: str | None
    idempotence: bool
    compression: Compression
    delivery_timeout: float
    stall_timeout: float
    batches_in_flight: int
    classify_threads: int
    web_host: str
    web_port: int
    web_page: bool
    log_level: str
    log_format: str
    readings: tuple[Reading, ...]
    unread_keys: tuple[UnreadKey, ...]

    @property
    def clusters(self) -> tuple[Cluster, ...]:
        """The cluster of each of CLUSTER_ROLES."""
        return tuple(getattr(self, role) for role in CLUSTER_ROLES)


def input_settings(reader: Reader) -> InputSettings:
    """Read where a worker reads its alerts. Raises ConfigError."""
    cluster, found = read_cluster(reader, "CONSUMER", None), _consumer_topics(reader)
    deliveries = _delivery(reader)
    reader.finish()
    return InputSettings(cluster=cluster, topics=found, **deliveries)  # type: ignore[arg-type]  # required


def load_settings(reader: Reader) -> Settings:
    """Read all settings of a worker. Raises one ConfigError that lists all problems."""
    read = reader.read
    model = read_model(reader)
    consumer = read_cluster(reader, "CONSUMER", None)
    group = read("CONSUMER_GROUP_ID", str, None, "the consumer group", required=True)
    values: dict[str, Any] = {
        "model": model,
        "consumer": consumer,
        **{role: read_cluster(reader, role.upper(), consumer) for role in PUBLISHING_ROLES},
        "group_id": group,
        "output_topic": _output_topic(reader),
        **_topics(reader, group),
        **_batching(reader),
        **_web_and_logs(reader),
    }
    unread = unread_keys(reader.sources, reader.names)
    if reader.problems:
        # One of them may be meant for a setting that is missing.
        reader.problems += map(str, unread)
    reader.finish()
    return Settings(**values, readings=tuple(reader.readings), unread_keys=unread)


def _consumer_topics(reader: Reader) -> tuple[str, ...]:
    return reader.read(
        "CONSUMER_TOPICS", topic_names, None, "topics of alerts, comma-separated", required=True
    )


def _topics(reader: Reader, group: str | None) -> dict[str, Any]:
    read = reader.read
    return {
        "consumer_topics": _consumer_topics(reader),
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


def _batching(reader: Reader) -> dict[str, Any]:
    read = reader.read
    threads = read(
        "CLASSIFY_THREADS",
        number(1, 64, int),
        min(cores(), _MAX_CLASSIFY_THREADS),
        "batches classified at the same time, among which the processors are divided",
        aliases=("JUDGE_THREADS",),
    )
    return {
        "classify_threads": threads,
        "batch_timeout": read(
            "CONSUME_TIMEOUT", number(0.01, 3600, float), 10.0, "s that a batch waits to fill"
        ),
        "batch_messages": read(
            "CONSUME_MESSAGES", number(1, 10000, int), 256, "most messages in a batch"
        ),
        "session_timeout": read(
            "CONSUMER_SESSION_TIMEOUT",
            number(6, 1800, float),
            60.0,
            "s without a heartbeat until the group reassigns a worker's partitions",
        ),
        "metadata_age": read(
            "CONSUMER_METADATA_AGE",
            number(1, 300, float),
            5.0,
            "s after which a worker asks again which topics and partitions there are",
        ),
        "isolation_level": read(
            "CONSUMER_ISOLATION_LEVEL",
            one_of(READ_COMMITTED, READ_UNCOMMITTED),
            READ_COMMITTED,
            f"{READ_UNCOMMITTED}: classify messages of aborted and open transactions, too",
        ),
        "batches_in_flight": read(
            "BATCHES_IN_FLIGHT",
            number(1, 128, int),
            # One more batch is decoded, and one is published.
            threads + 2,
            "most batches in the worker at a time",
        ),
        **_delivery(reader),
        "stall_timeout": read(
            "STALL_TIMEOUT",
            number(10, 86400, float),
            300.0,
            "s that messages may wait, while none is taken, until the worker exits",
        ),
    }


def _delivery(reader: Reader) -> dict[str, Any]:
    read = reader.read
    return {
        "idempotence": read(
            "PRODUCER_IDEMPOTENCE", boolean, True, "idempotent producers on all clusters"
        ),
        "compression": read(
            "PRODUCER_COMPRESSION",
            partial(member, Compression),
            Compression.NONE,
            f"codec of all producers: {', '.join(Compression)}",
        ),
        "delivery_timeout": read(
            "DELIVERY_TIMEOUT",
            number(1, 86400, float),
            600.0,
            "s that a delivery is retried until the worker exits",
        ),
    }


def _web_and_logs(reader: Reader) -> dict[str, Any]:
    read = reader.read
    return {
        "web_host": read("WEB_HOST", str, "127.0.0.1", "address on which the web server listens"),
        "web_port": read(
            "WEB_PORT",
            number(1, 65535, int),
            6066,
            "port of the web server; the next free one if it is taken",
        ),
        "web_page": read(
            "WEB_PAGE", boolean, True, "whether the web server has a page with recent alerts"
        ),
        "log_level": read(
            "LOG_LEVEL",
            log_level_name,
            "INFO",
            "lowest level that is logged",
            aliases=("LOGGING_LEVEL",),
        ),
        "log_format": log_format(reader),
    }


def log_format(reader: Reader) -> str:
    """Return the format of the log, also where other settings are wrong."""
    return reader.read("LOG_FORMAT", one_of(HUMAN, JSON), HUMAN, "format of the log: human or json")


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

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
)
from stampapp.config.cpu_count import cores
from stampapp.config.environment import Reader, Reading
from stampapp.config.kafka_settings import read_cluster
from stampapp.config.message_settings import read_messages
from stampapp.config.model_settings import ModelSettings, read_model
from stampapp.config.schema_settings import SchemaSettings, read_schemas
from stampapp.config.shadow_settings import (
    ShadowSettings,
    describe_shared_topic,
    read_shadow,
)
from stampapp.config.topic_settings import describe_own_input, read_input_topics, read_topics
from stampapp.config.unread_keys import UnreadKey, unread_keys
from stampapp.kafka.cluster import CLUSTER_ROLES, PUBLISHING_ROLES, Cluster
from stampapp.kafka.compression import Compression
from stampapp.kafka.input_topics import InputTopics
from stampapp.kafka.isolation import READ_COMMITTED, READ_UNCOMMITTED
from stampapp.kafka.nightly_topic import NightlyTopic
from stampapp.results.message_format import MessageOptions

# Each takes an eighth of a GiB; with more processors a batch gets several.
_MAX_CLASSIFY_THREADS = 4
# With small batches. What is in flight when a worker fails or freezes is processed twice.
_IN_FLIGHT_MESSAGES = 512
_IN_FLIGHT_MIB = 128

# How the log is written: for people, or as one JSON object per line.
HUMAN, JSON = "human", "json"


@dataclass(frozen=True, kw_only=True, slots=True)
class InputSettings:
    """Where a worker reads its alerts, for commands that publish some. Times in seconds."""

    cluster: Cluster
    topics: InputTopics
    schemas: SchemaSettings
    idempotence: bool
    compression: Compression
    delivery_timeout: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """All settings of a worker. Times in seconds."""

    model: ModelSettings
    shadow: ShadowSettings | None
    schemas: SchemaSettings
    consumer: Cluster
    producer: Cluster
    scribe: Cluster
    metrics: Cluster
    consumer_topics: InputTopics
    group_id: str
    batch_timeout: float
    batch_messages: int
    session_timeout: float
    metadata_age: float
    isolation_level: str
    output_topic: NightlyTopic
    messages: MessageOptions
    scribe_topic: str
    metrics_topic: str
    metrics_source: str
    metrics_survey: str | None
    deadletter_topic: str | None
    idempotence: bool
    compression: Compression
    delivery_timeout: float
    stall_timeout: float
    in_flight_messages: int
    in_flight_mib: int
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
    cluster, found = read_cluster(reader, "CONSUMER", None), read_input_topics(reader)
    schemas = read_schemas(reader)
    deliveries = _delivery(reader)
    reader.finish()
    return InputSettings(cluster=cluster, topics=found, schemas=schemas, **deliveries)  # type: ignore[arg-type]  # required


def load_settings(reader: Reader) -> Settings:
    """Read all settings of a worker. Raises one ConfigError that lists all problems."""
    read = reader.read
    model = read_model(reader)
    consumer = read_cluster(reader, "CONSUMER", None)
    group = read("CONSUMER_GROUP_ID", str, None, "the consumer group", required=True)
    values: dict[str, Any] = {
        "model": model,
        "shadow": read_shadow(reader, model),
        "schemas": read_schemas(reader),
        "consumer": consumer,
        **{role: read_cluster(reader, role.upper(), consumer) for role in PUBLISHING_ROLES},
        "group_id": group,
        **read_topics(reader, group),
        "messages": read_messages(reader, model.survey),
        **_batching(reader),
        **_web_and_logs(reader),
    }
    unread = unread_keys(reader.sources, reader.names)
    if reader.problems:
        # One of them may be meant for a setting that is missing.
        reader.problems += map(str, unread)
    reader.finish()
    found = Settings(**values, readings=tuple(reader.readings), unread_keys=unread)
    reader.problems += (*describe_own_input(found), *describe_shared_topic(found))
    reader.finish()
    return found


def _batching(reader: Reader) -> dict[str, Any]:
    read = reader.read
    threads = read(
        "CLASSIFY_THREADS",
        number(1, 64, int),
        min(cores(), _MAX_CLASSIFY_THREADS),
        "batches classified at the same time, among which the processors are divided",
        aliases=("JUDGE_THREADS",),
    )
    size = read("CONSUME_MESSAGES", number(1, 10000, int), 256, "most messages in a batch")
    return {
        "classify_threads": threads,
        "batch_timeout": read(
            "CONSUME_TIMEOUT", number(0.01, 3600, float), 10.0, "s that a batch waits to fill"
        ),
        "batch_messages": size,
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
        "in_flight_messages": read(
            "IN_FLIGHT_MESSAGES",
            number(1, 100_000, int),
            # One more batch is decoded, and one is published.
            max(_IN_FLIGHT_MESSAGES, (threads + 2) * size),
            "most messages in the worker at a time",
        ),
        "in_flight_mib": read(
            "IN_FLIGHT_MIB",
            number(1, 100_000, int),
            _IN_FLIGHT_MIB,
            "MiB of messages in the worker at which it takes no more",
        ),
        **_delivery(reader),
        "stall_timeout": read(
            "STALL_TIMEOUT",
            number(10, 86400, float),
            300.0,
            "s that messages may wait, or a rebalance may last, until the worker exits",
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

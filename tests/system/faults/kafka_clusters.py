"""Two Kafka clusters for the rounds: one for alerts and results, one for the scribe."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass

from confluent_kafka.admin import AdminClient, NewPartitions

from tests.support.apache_kafka import ApacheKafka
from tests.support.proxies import Proxy
from tests.support.topics import create_topics
from tests.system.faults.alerts import ADDED, PARTITIONS
from tests.system.faults.fault_plan import SESSION

PROXIED = "PROXIED"
HEAP_MB = 384
# The time of publishing is that of the broker, whatever timestamp a message has.
BROKERS_TIME = {"message.timestamp.type": "LogAppendTime"}
ALERTS_KEPT = {"retention.bytes": str(2**28), "segment.bytes": str(2**26)}
CLEANING = {"log.retention.check.interval.ms": "20000"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """A Kafka broker with two addresses: its own, and that of a proxy.

    A broker ends with the thread that starts it, so the thread of `executor` starts it.
    """

    kafka: ApacheKafka
    proxy: Proxy
    executor: Executor

    def start(self) -> None:
        """Start the broker again; may be called from any thread."""
        self.executor.submit(self.kafka.start).result()

    def server(self, *, proxied: bool) -> str:
        return self.proxy.address if proxied else self.kafka.bootstrap


@dataclass(frozen=True, kw_only=True, slots=True)
class Topics:
    """The names of a round's topics and of its group."""

    alerts: str
    output: str
    scribe: str
    dead: str
    metrics: str
    shadow: str
    group: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Clusters:
    main: Cluster
    scribe: Cluster

    def topics(self) -> Topics:
        """Create topics with unique names."""
        unique = secrets.token_hex(4)
        roles = ("alerts", "output", "scribe", "dead", "metrics", "shadow", "group")
        names = Topics(**{role: f"{role}-{unique}" for role in roles})
        create_topics(self.main.kafka.bootstrap, {names.alerts: PARTITIONS}, ALERTS_KEPT)
        create_topics(self.main.kafka.bootstrap, {names.output: 2, names.dead: 1}, BROKERS_TIME)
        create_topics(self.main.kafka.bootstrap, {names.metrics: 1, names.shadow: 1})
        create_topics(self.scribe.kafka.bootstrap, {names.scribe: 2}, BROKERS_TIME)
        return names

    def add_partitions(self, names: Topics) -> None:
        """Add partitions to the topic of alerts."""
        admin = AdminClient({"bootstrap.servers": self.main.kafka.bootstrap})
        wanted = [NewPartitions(names.alerts, PARTITIONS + ADDED)]
        for done in admin.create_partitions(wanted).values():
            done.result(30.0)

    def remove(self, names: Topics) -> None:
        """Delete the topic of alerts, which takes the most space."""
        admin = AdminClient({"bootstrap.servers": self.main.kafka.bootstrap})
        for done in admin.delete_topics([names.alerts]).values():
            done.result(30.0)

    def environment(
        self, names: Topics, settings: Mapping[str, str], *, proxied: bool
    ) -> dict[str, str]:
        """Return the environment of workers with these further settings."""
        return {
            "CONSUMER_SERVER": self.main.server(proxied=proxied),
            "SCRIBE_SERVER": self.scribe.server(proxied=proxied),
            "CONSUMER_TOPICS": names.alerts,
            "CONSUMER_GROUP_ID": names.group,
            "CONSUMER_SESSION_TIMEOUT": f"{SESSION:g}",
            "CONSUME_TIMEOUT": "1",
            "CONSUME_MESSAGES": "50",
            "PRODUCER_TOPIC_FORMAT": names.output,
            "SCRIBE_TOPIC": names.scribe,
            "METRICS_TOPIC": names.metrics,
            "DEADLETTER_TOPIC": names.dead,
            **({"SHADOW_TOPIC": names.shadow} if "SHADOW_MODEL_PATH" in settings else {}),
            **settings,
        }


@contextmanager
def start_cluster() -> Iterator[Cluster]:
    with closing(Proxy()) as proxy, ThreadPoolExecutor(1) as executor:
        kafka = ApacheKafka(
            listeners={PROXIED: "PLAINTEXT"},
            advertised={PROXIED: proxy.port},
            properties=CLEANING,
            heap_mb=HEAP_MB,
        )
        with kafka:
            proxy.lead_to(kafka.ports[PROXIED])
            yield Cluster(kafka=kafka, proxy=proxy, executor=executor)


@contextmanager
def start_clusters() -> Iterator[Clusters]:
    """Run both clusters; they end with the calling thread."""
    with start_cluster() as main, start_cluster() as scribe:
        yield Clusters(main=main, scribe=scribe)

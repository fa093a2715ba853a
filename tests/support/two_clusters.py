"""Two Kafka clusters with access control, and the environment of a worker on both.

A survey's, of which the worker may only read, and one of results; each has users of its own.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.certificates import Certificates
from tests.support.secured_kafka import LISTENERS, SASL, SASL_SSL, SSL, SecuredKafka
from tests.support.topics import create_topics


def password() -> str:
    """Return a unique password with characters that are special to parsers."""
    return f"hush={secrets.token_hex(6)},%$#"


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """Access to a cluster: a listener, and for SASL listeners a user."""

    broker: SecuredKafka
    listener: str
    user: str = ""
    password: str = field(default="", repr=False)
    mechanism: str = ""

    def environment(self, role: str) -> dict[str, str]:
        """Return the settings of a role with this access; empty ones count as unset."""
        values = {
            "SERVER": self.broker.address(self.listener),
            "SECURITY_PROTOCOL": LISTENERS[self.listener],
            "SASL_USERNAME": self.user,
            "SASL_PASSWORD": self.password,
            "SASL_MECHANISM": self.mechanism,
            "SSL_CAFILE": str(self.broker.cafile) if self.listener in {SASL_SSL, SSL} else "",
        }
        return {f"{role}_{key}": value for key, value in values.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class TwoClusters:
    """The brokers, and four kinds of access: one per role and security protocol."""

    survey: SecuredKafka
    results: SecuredKafka
    consumer: Access
    producer: Access
    scribe: Access
    metrics: Access

    @property
    def passwords(self) -> tuple[str, ...]:
        """All secrets, which must never be shown."""
        return tuple(one.password for one in (self.consumer, self.producer, self.scribe))

    def environment(self, **overrides: str) -> dict[str, str]:
        """Create topics, grant them to the four users, and return a worker's settings."""
        unique = secrets.token_hex(4)
        names = {role: f"{role}-{unique}" for role in ("alerts", "scribe", "metrics", "dead")}
        create_topics(self.survey.bootstrap, {names["alerts"]: 4})
        create_topics(
            self.results.bootstrap,
            {name: 1 for role, name in names.items() if role != "alerts"},
        )
        self._grant(unique, names)
        return {
            "CLASSIFIER_STRATEGY": "ZTF",
            **self.consumer.environment("CONSUMER"),
            **self.producer.environment("PRODUCER"),
            **self.scribe.environment("SCRIBE"),
            **self.metrics.environment("METRICS"),
            "CONSUMER_TOPICS": names["alerts"],
            "CONSUMER_GROUP_ID": f"group-{unique}",
            "CONSUMER_SESSION_TIMEOUT": "6",
            "CONSUME_TIMEOUT": "1",
            "CONSUME_MESSAGES": "50",
            "PRODUCER_TOPIC_FORMAT": f"out-{unique}-%s",
            "SCRIBE_TOPIC": names["scribe"],
            "METRICS_TOPIC": names["metrics"],
            "DEADLETTER_TOPIC": names["dead"],
        } | overrides

    def _grant(self, unique: str, names: dict[str, str]) -> None:
        self.survey.grant(self.consumer.user, "READ", topic=names["alerts"])
        self.survey.grant(self.consumer.user, "READ", group=f"group-{unique}")
        for operation in ("WRITE", "CREATE"):
            self.results.grant(self.producer.user, operation, topics=f"out-{unique}-")
        self.results.grant(self.producer.user, "WRITE", topic=names["dead"])
        self.results.grant(self.scribe.user, "WRITE", topic=names["scribe"])


@contextmanager
def two_clusters(certificates: Certificates) -> Iterator[TwoClusters]:
    """Run both. In the thread whose end is theirs, too."""
    plain = {"scribe": secrets.token_hex(8)}
    with (
        SecuredKafka(certificates, mechanisms=["SCRAM-SHA-512"]) as survey,
        SecuredKafka(certificates, mechanisms=["SCRAM-SHA-256", "PLAIN"], users=plain) as results,
    ):
        reader = Access(
            broker=survey,
            listener=SASL_SSL,
            user="reader",
            password=password(),
            mechanism="SCRAM-SHA-512",
        )
        writer = Access(
            broker=results,
            listener=SASL,
            user="writer",
            password=password(),
            mechanism="SCRAM-SHA-256",
        )
        for one in (reader, writer):
            one.broker.add_user(one.user, one.password, one.mechanism)
        yield TwoClusters(
            survey=survey,
            results=results,
            consumer=reader,
            producer=writer,
            scribe=Access(
                broker=results,
                listener=SASL,
                user="scribe",
                password=plain["scribe"],
                mechanism="PLAIN",
            ),
            metrics=Access(broker=results, listener=SSL),
        )

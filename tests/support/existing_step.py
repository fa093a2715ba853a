"""A deployment of the existing step: its environment, users and consumer group."""

from __future__ import annotations

import secrets
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer

from stampapp.kafka.cluster import CLUSTER_ROLES
from tests.support.secured_kafka import SASL, SASL_SSL, SecuredKafka
from tests.support.stopwatch import AMPLE
from tests.support.topics import create_topics
from tests.support.two_clusters import TwoClusters, password

# How it connects to its own cluster; this cannot be configured.
OWN = "SCRAM-SHA-512"
PUBLIC = "SCRAM-SHA-256"


@dataclass(frozen=True, kw_only=True)
class ExistingStep:
    """A step that publishes results on another cluster than it consumes alerts from.

    The publisher may do what it likes on the public cluster, as the step makes its topics itself.
    """

    own: SecuredKafka
    public: SecuredKafka
    unique: str = field(default_factory=lambda: secrets.token_hex(4))
    passwords: dict[str, str] = field(
        default_factory=lambda: {role: password() for role in CLUSTER_ROLES}
    )

    @property
    def group(self) -> str:
        """Its consumer group."""
        return f"stamp-classifier-step-{self.unique}-ztf"

    @property
    def environment(self) -> dict[str, str]:
        """Every variable that its Helm chart sets, with authentication everywhere."""
        own = self.own.address(SASL_SSL)
        return {
            "CONSUMER_TOPICS": f"sorting_hat_ztf_{self.unique}",
            "CONSUMER_SERVER": own,
            "CONSUMER_GROUP_ID": self.group,
            "PRODUCER_TOPIC_FORMAT": f"stamp_classifier_{self.unique}_ztf_%s",
            "PRODUCER_DATE_FORMAT": "%Y%m%d",
            "PRODUCER_CHANGE_HOUR": "23",
            "PRODUCER_RETENTION_DAYS": "1",
            "PRODUCER_SERVER": self.public.address(SASL),
            "SCRIBE_SERVER": own,
            "SCRIBE_TOPIC": f"w_object_{self.unique}",
            "METRICS_HOST": own,
            "METRICS_TOPIC": f"metrics_{self.unique}",
            "MODEL_NAME": "stamp_classifier",
            "MODEL_VERSION": "1.0.4",
            "CLASSIFIER_STRATEGY": "ZTF",
            "PRODUCER_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "PRODUCER_SASL_MECHANISM": PUBLIC,
            "METRICS_SOURCE": "stamp-classifier-step",
            "METRICS_SURVEY": "ZTF",
        } | self._credentials()

    def _credentials(self) -> dict[str, str]:
        found = {}
        for role, secret in self.passwords.items():
            found[f"{role.upper()}_KAFKA_USERNAME"] = self._user(role)
            found[f"{role.upper()}_KAFKA_PASSWORD"] = secret
        return found

    def _user(self, role: str) -> str:
        return f"{role}-{self.unique}"

    def set_up(self) -> None:
        """Create its topics and users, and grant the permissions that it needs."""
        environment = self.environment
        topics = {
            environment["CONSUMER_TOPICS"]: 4,
            environment["SCRIBE_TOPIC"]: 1,
            environment["METRICS_TOPIC"]: 1,
        }
        create_topics(self.own.bootstrap, topics)
        for role, secret in self.passwords.items():
            broker, how = (self.public, PUBLIC) if role == "producer" else (self.own, OWN)
            broker.add_user(self._user(role), secret, how)
        self.own.grant(self._user("consumer"), "READ", topic=environment["CONSUMER_TOPICS"])
        self.own.grant(self._user("consumer"), "READ", group=self.group)
        self.own.grant(self._user("scribe"), "WRITE", topic=environment["SCRIBE_TOPIC"])
        self.own.grant(self._user("metrics"), "WRITE", topic=environment["METRICS_TOPIC"])
        for operation in ("WRITE", "CREATE"):
            self.public.grant(self._user("producer"), operation, topic="*")

    def member(self) -> Any:
        """Return a member of its consumer group; close it to leave the group."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.own.address(SASL_SSL),
                "group.id": self.group,
                "auto.offset.reset": "smallest",
                "enable.auto.commit": False,
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": OWN,
                "sasl.username": self._user("consumer"),
                "sasl.password": self.passwords["consumer"],
                "ssl.ca.location": str(self.own.cafile),
            }
        )
        consumer.subscribe([self.environment["CONSUMER_TOPICS"]])
        return closing(consumer)

    def consume(self, member: Any, count: int) -> None:
        """Consume and commit so many alerts, as the step does."""
        taken = member.consume(count, timeout=AMPLE)
        assert len(taken) == count
        member.commit(asynchronous=False)


def existing_step(clusters: TwoClusters) -> ExistingStep:
    """Return a deployment on the two clusters, ready to run."""
    step = ExistingStep(own=clusters.survey, public=clusters.results)
    step.set_up()
    return step

"""The topics of the demo: create them, publish alerts, read results."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.survey_rules import survey_rules
from stampapp.demo.demo_message import DemoMessage
from stampapp.feeds.publisher import Publisher
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.delivery import Delivery, connected
from stampapp.kafka.nightly_topic import NightlyTopic
from stampapp.kafka.outgoing import OutgoingMessage
from stampapp.results.outcome import OutcomeKind
from stampapp.results.published_result import read_result

SCRIBE, METRICS, DEADLETTER = "scribe", "metrics", "deadletter"
ALERTS = {survey: f"{survey.lower()}_alerts" for survey in Survey}
OUTPUT = {survey: NightlyTopic(topic_format=f"{survey.lower()}_stamps_%s") for survey in Survey}
# Seconds; a broker on this machine that has not answered by then is gone.
DELIVERY_TIMEOUT = 30.0
_OUTCOME_KINDS = frozenset(OutcomeKind)


@dataclass(frozen=True, kw_only=True, slots=True)
class Classified:
    """A message of the output topic."""

    aid: str
    probabilities: dict[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """A message of the dead-letter topic: its key, cause and error."""

    key: str
    cause: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchCounts:
    """A message of the metrics topic: the numbers of outcomes of one batch."""

    counts: dict[str, int]


Result = Classified | DeadLetter | BatchCounts


def worker_settings(bootstrap: str, survey: Survey, model: Path) -> dict[str, str]:
    """Return the settings of a worker with short batches and this broker only."""
    return {
        "CLASSIFIER_STRATEGY": survey,
        "MODEL_PATH": str(model.resolve()),
        "CONSUMER_SERVER": bootstrap,
        "CONSUMER_TOPICS": ALERTS[survey],
        "CONSUMER_GROUP_ID": f"demo-{survey.lower()}",
        "CONSUMER_SESSION_TIMEOUT": "6",
        "CONSUME_TIMEOUT": "0.5",
        "PRODUCER_TOPIC_FORMAT": OUTPUT[survey].topic_format,
        "PRODUCER_IDEMPOTENCE": "false",  # the embedded broker has no idempotent producers
        "SCRIBE_TOPIC": SCRIBE,
        # Only the commands of some surveys need these.
        "SCRIBE_CLASSIFIER_ID": "0",
        "SCRIBE_TAXONOMY": _taxonomy(survey),
        "METRICS_TOPIC": METRICS,
        "DEADLETTER_TOPIC": DEADLETTER,
    }


def _taxonomy(survey: Survey) -> str:
    classes = survey_rules(survey).classes
    return ",".join(f"{name}:{number}" for number, name in enumerate(classes))


def output_topics() -> tuple[str, ...]:
    """Return the output topics of tonight and of the next night, for every survey."""
    now = datetime.now(UTC)
    instants = (now, now + timedelta(days=1))
    return tuple(output.name_at(instant) for output in OUTPUT.values() for instant in instants)


async def create_topics(bootstrap: str) -> None:
    """Create all topics in advance."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        names = (*ALERTS.values(), SCRIBE, METRICS, DEADLETTER, *output_topics())
        await admin.create_topics([NewTopic(name, 1, 1) for name in names])
    finally:
        await admin.close()


async def publish(bootstrap: str, messages: Iterator[DemoMessage], rate: float) -> None:
    """Publish `rate` messages a second until the iterator ends.

    Raises DeliveryError if the broker refuses them.
    """
    cluster = Cluster(role="consumer", servers=(bootstrap,))
    publisher = Publisher(_message, advance=lambda _: None)
    # The embedded broker has no idempotent producers.
    async with connected(
        Delivery(cluster, idempotence=False, timeout=DELIVERY_TIMEOUT)
    ) as delivery:
        await publisher.run(messages, delivery.deliver, rate=rate)


def _message(message: DemoMessage) -> OutgoingMessage:
    return OutgoingMessage(topic=ALERTS[message.survey], key=message.key, value=message.value)


@asynccontextmanager
async def results(bootstrap: str) -> AsyncIterator[AsyncIterator[Result]]:
    """Yield an iterator of what the workers publish."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign(
            [TopicPartition(name, 0) for name in (*output_topics(), DEADLETTER, METRICS)]
        )
        yield (result async for raw in consumer for result in read_results(raw))
    finally:
        await consumer.stop()


def read_results(raw: Any) -> Iterable[Result]:
    """Yield the results in a message of any topic of the workers."""
    if raw.topic == METRICS:
        counts = {
            key: value for key, value in json.loads(raw.value).items() if key in _OUTCOME_KINDS
        }
        yield BatchCounts(counts=counts)
    elif raw.topic == DEADLETTER:
        headers = dict(raw.headers)
        name, cause, text = (
            (part or b"?").decode(errors="replace")
            for part in (raw.key, headers["error.type"], headers["error.message"])
        )
        yield DeadLetter(key=name, cause=cause, message=text)
    elif found := read_result(raw.value):
        yield Classified(aid=found.aid, probabilities=dict(found.probabilities))

"""CPU time of publishing: encode predictions, send them to a broker, wait for confirmation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from stampapp.kafka.cluster import Cluster
from stampapp.kafka.delivery import Delivery
from stampapp.kafka.message import Headers
from stampapp.kafka.outgoing import OutgoingMessage
from stampapp.results.encoding import encode_prediction, message_key
from stampapp.results.outcome import Classification, Prediction
from stampapp.results.scribe_commands import encode_commands
from tests.support.results import options, prediction
from tests.support.topics import create_topics

TOPICS = ("bench-output", "bench-scribe")
HEADERS: Headers = (
    ("source.topic", b"alerts"),
    ("source.partition", b"0"),
    ("source.offset", b"123456"),
    ("source.group", b"group"),
)
BATCHES = 20
OPTIONS = options()


def publishing_cpu_ms(bootstrap: str, results: Sequence[Classification]) -> float:
    """Return the CPU milliseconds per alert of the publishing thread."""
    create_topics(bootstrap, dict.fromkeys(TOPICS, 2))
    return asyncio.run(_measure(bootstrap, results))


async def _measure(bootstrap: str, results: Sequence[Classification]) -> float:
    cluster = Cluster(role="producer", servers=(bootstrap,))
    delivery = Delivery(cluster, idempotence=True, timeout=60.0)
    async with delivery:
        await _deliver_batch(delivery, results)
        start = time.thread_time()
        for _ in range(BATCHES):
            await _deliver_batch(delivery, results)
        return 1000 * (time.thread_time() - start) / (BATCHES * len(results))


async def _deliver_batch(delivery: Delivery, results: Sequence[Classification]) -> None:
    now = datetime.now(UTC)
    sent = [prediction(one) for one in results]
    outputs = [_message(TOPICS[0], one, encode_prediction(one, OPTIONS, now)) for one in sent]
    commands = [
        _message(TOPICS[1], one, command.value)
        for one in sent
        for command in encode_commands(one, OPTIONS)
    ]
    await asyncio.gather(delivery.deliver(outputs), delivery.deliver(commands))


def _message(topic: str, one: Prediction, value: bytes) -> OutgoingMessage:
    key = message_key(one.classification)
    return OutgoingMessage(topic=topic, key=key, value=value, headers=HEADERS)

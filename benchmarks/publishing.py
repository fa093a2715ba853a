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
from stampapp.results import encoding
from stampapp.results.outcome import Classification
from tests.support.topics import create_topics

TOPICS = ("bench-output", "bench-scribe")
HEADERS: Headers = (
    ("source.topic", b"alerts"),
    ("source.partition", b"0"),
    ("source.offset", b"123456"),
    ("source.group", b"group"),
)
BATCHES = 20


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
    outputs = [_message(TOPICS[0], one, encoding.encode_prediction(one, now)) for one in results]
    commands = [_message(TOPICS[1], one, encoding.encode_scribe_command(one)) for one in results]
    await asyncio.gather(delivery.deliver(outputs), delivery.deliver(commands))


def _message(topic: str, result: Classification, value: bytes) -> OutgoingMessage:
    return OutgoingMessage(
        topic=topic, key=encoding.message_key(result), value=value, headers=HEADERS
    )

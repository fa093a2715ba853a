"""Publish predictions to the output topic of the night."""

from __future__ import annotations

from collections.abc import AsyncIterable, Sequence
from datetime import UTC, datetime

from mode.supervisors import CrashingSupervisor

from stampapp.agents.forwarding import ForwardingChannel, PendingDelivery
from stampapp.app import app
from stampapp.kafka.outgoing import OutgoingMessage
from stampapp.results import encoding
from stampapp.results.outcome import Prediction

channel = ForwardingChannel(app)


@app.agent(channel, name="output", supervisor_strategy=CrashingSupervisor)
async def output(deliveries: AsyncIterable[PendingDelivery[Sequence[Prediction]]]) -> None:
    """Publish predictions to the output topic of the night."""
    async for delivery in deliveries:
        await delivery.complete(_publish)


async def _publish(predictions: Sequence[Prediction]) -> None:
    settings = app.runtime.required_settings()
    nightly = settings.output_topic
    delivery = app.runtime.delivery("producer")
    now = datetime.now(UTC)
    topic = nightly.name_at(now)
    await delivery.ensure_topic(topic, nightly.retention_ms)
    await delivery.deliver(
        [
            OutgoingMessage(
                topic=topic,
                key=encoding.message_key(one.classification),
                value=encoding.encode_prediction(one, settings.messages, now),
                headers=one.headers,
            )
            for one in predictions
        ]
    )

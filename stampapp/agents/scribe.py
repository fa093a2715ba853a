"""Publish predictions as database commands to the scribe topic."""

from __future__ import annotations

from collections.abc import AsyncIterable, Sequence

from mode.supervisors import CrashingSupervisor

from stampapp.agents.forwarding import ForwardingChannel, PendingDelivery
from stampapp.app import app
from stampapp.kafka.outgoing import OutgoingMessage
from stampapp.results import encoding
from stampapp.results.outcome import Prediction

channel = ForwardingChannel(app)


@app.agent(channel, name="scribe", supervisor_strategy=CrashingSupervisor)
async def scribe(deliveries: AsyncIterable[PendingDelivery[Sequence[Prediction]]]) -> None:
    """Publish a database command for each prediction."""
    async for delivery in deliveries:
        await delivery.complete(_publish)


async def _publish(predictions: Sequence[Prediction]) -> None:
    topic = app.runtime.required_settings().scribe_topic
    await app.runtime.delivery("scribe").deliver(
        [
            OutgoingMessage(
                topic=topic,
                key=encoding.message_key(one.classification),
                value=encoding.encode_scribe_command(one.classification),
                headers=one.headers,
            )
            for one in predictions
        ]
    )

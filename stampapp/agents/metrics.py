"""Publish the metrics of each batch, best effort: losing them never stops the worker."""

from __future__ import annotations

from collections.abc import AsyncIterable

from stampapp.agents.forwarding import ForwardingChannel, PendingDelivery
from stampapp.app import app
from stampapp.kafka.outgoing import OutgoingMessage

channel = ForwardingChannel(app)


@app.agent(channel, name="metrics")
async def metrics(deliveries: AsyncIterable[PendingDelivery[bytes]]) -> None:
    """Publish a document of metrics per batch."""
    async for delivery in deliveries:
        await delivery.complete(_publish)


async def _publish(document: bytes) -> None:
    topic = app.runtime.required_settings().metrics_topic
    message = OutgoingMessage(topic=topic, key=None, value=document)
    if not await app.runtime.delivery("metrics").try_once(message):
        app.runtime.counts.metrics_lost += 1

"""Figures of each batch → the metrics topic. Best effort: their loss never stops the rest."""

from __future__ import annotations

from collections.abc import AsyncIterable

from stampapp.agents.forwarding import Outbox, Parcel
from stampapp.app import app
from stampapp.kafka.outgoing import OutgoingMessage

outbox = Outbox(app)


@app.agent(outbox, name="metrics")
async def metrics(parcels: AsyncIterable[Parcel[bytes]]) -> None:
    """Publish the figures of each batch."""
    async for parcel in parcels:
        await parcel.carry(_publish)


async def _publish(document: bytes) -> None:
    topic = app.works.required().metrics_topic
    letter = OutgoingMessage(topic=topic, key=None, value=document)
    if not await app.works.delivery("metrics").attempt(letter):
        app.works.counts.metrics_lost += 1

"""Predictions → database commands on the scribe topic."""

from __future__ import annotations

from collections.abc import AsyncIterable, Sequence

from mode.supervisors import CrashingSupervisor

from stampapp.agents.forwarding import Outbox, Parcel
from stampapp.app import app
from stampapp.kafka.outgoing import OutgoingMessage
from stampapp.results import encoding
from stampapp.results.outcome import Prediction

outbox = Outbox(app)


@app.agent(outbox, name="scribe", supervisor_strategy=CrashingSupervisor)
async def scribe(parcels: AsyncIterable[Parcel[Sequence[Prediction]]]) -> None:
    """Publish a database command for each prediction."""
    async for parcel in parcels:
        await parcel.carry(_publish)


async def _publish(predictions: Sequence[Prediction]) -> None:
    topic = app.works.required().scribe_topic
    await app.works.delivery("scribe").deliver(
        [
            OutgoingMessage(
                topic=topic,
                key=encoding.key(one.classification),
                value=encoding.scribe(one.classification),
                headers=one.headers,
            )
            for one in predictions
        ]
    )

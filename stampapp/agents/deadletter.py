"""Publish messages that cannot be classified, byte for byte, to the dead-letter topic."""

from __future__ import annotations

from collections.abc import AsyncIterable, Sequence

from mode.supervisors import CrashingSupervisor

from stampapp.agents.forwarding import ForwardingChannel, PendingDelivery
from stampapp.app import app
from stampapp.deadletters import encoding
from stampapp.errors import BadAlert, StampError
from stampapp.kafka.message import Headers, Message

channel = ForwardingChannel(app)

# A message, why it cannot be classified, and the headers that name it.
Dead = tuple[Message, BadAlert, Headers]


@app.agent(channel, name="deadletter", supervisor_strategy=CrashingSupervisor)
async def deadletter(deliveries: AsyncIterable[PendingDelivery[Sequence[Dead]]]) -> None:
    """Publish dead letters, with the cause in their headers."""
    async for delivery in deliveries:
        await delivery.complete(_publish)


async def _publish(dead: Sequence[Dead]) -> None:
    topic = app.runtime.required_settings().deadletter_topic
    if not topic:
        message, error, _ = dead[0]
        raise StampError(
            f"{message.topic}[{message.partition}]@{message.offset} cannot be classified ({error})"
            " and DEADLETTER_TOPIC is empty: set it and start the worker again"
        )
    delivery = app.runtime.delivery("producer")
    await delivery.ensure_topic(topic)
    await delivery.deliver([encoding.dead_letter(topic, *one) for one in dead])

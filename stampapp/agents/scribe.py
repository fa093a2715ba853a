"""Publish predictions as database commands to the scribe topic."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterator, Sequence

from mode.supervisors import CrashingSupervisor

from stampapp.agents.forwarding import ForwardingChannel, PendingDelivery
from stampapp.app import app
from stampapp.kafka.outgoing import OutgoingMessage
from stampapp.results.message_format import MessageOptions
from stampapp.results.outcome import Prediction
from stampapp.results.provenance import headers_of_parts
from stampapp.results.scribe_commands import encode_commands

channel = ForwardingChannel(app)


@app.agent(channel, name="scribe", supervisor_strategy=CrashingSupervisor)
async def scribe(deliveries: AsyncIterable[PendingDelivery[Sequence[Prediction]]]) -> None:
    """Publish the database commands of each prediction."""
    async for delivery in deliveries:
        await delivery.complete(_publish)


async def _publish(predictions: Sequence[Prediction]) -> None:
    settings = app.runtime.required_settings()
    await app.runtime.delivery("scribe").deliver(
        [
            message
            for one in predictions
            for message in _commands(one, settings.messages, settings.scribe_topic)
        ]
    )


def _commands(
    prediction: Prediction, options: MessageOptions, topic: str
) -> Iterator[OutgoingMessage]:
    commands = encode_commands(prediction, options)
    headers = headers_of_parts(prediction.headers, len(commands))
    for command, named in zip(commands, headers, strict=True):
        yield OutgoingMessage(topic=topic, key=command.key, value=command.value, headers=named)

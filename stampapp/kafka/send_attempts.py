"""Send messages once, and say which of them were not confirmed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer

from stampapp.kafka.outgoing import OutgoingMessage
from stampapp.kafka.producer import REQUEST_TIMEOUT, send_once

# A message that was not confirmed, and why; None if it was not sent.
Failure = tuple[OutgoingMessage, BaseException | None]


async def send_one(producer: AIOKafkaProducer, message: OutgoingMessage) -> BaseException | None:
    """Send a message and wait; return why it was not confirmed in time, None if it was."""
    try:
        # An idempotent producer itself never gives up.
        async with asyncio.timeout(REQUEST_TIMEOUT):
            (result,) = await send_once(producer, [message])
    except TimeoutError:
        return TimeoutError(f"no answer in {REQUEST_TIMEOUT:g} s")
    return result if isinstance(result, BaseException) else None


async def send_singly(
    producer: AIOKafkaProducer, messages: Sequence[OutgoingMessage]
) -> list[Failure]:
    """Send each when the one before is confirmed; return the first failure and the rest."""
    for number, message in enumerate(messages):
        if failures := await send_all(producer, [message]):
            return [*failures, *((one, None) for one in messages[number + 1 :])]
    return []


async def send_all(
    producer: AIOKafkaProducer, messages: Sequence[OutgoingMessage]
) -> list[Failure]:
    """Send all once and wait; return those to send again: what failed, and what follows its key.

    The latest message of a key must come last, also if only an earlier one has failed.
    """
    results = await send_once(producer, messages)
    errors = [result if isinstance(result, BaseException) else None for result in results]
    failures: list[Failure] = []
    failed_keys: set[tuple[str, bytes]] = set()
    for message, error in zip(messages, errors, strict=False):
        named = None if message.key is None else (message.topic, message.key)
        if error or named in failed_keys:
            failures.append((message, error))
            if named:
                failed_keys.add(named)
    return [*failures, *((unsent, None) for unsent in messages[len(results) :])]

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import errors as kafka

from stampapp.kafka.outgoing import OutgoingMessage
from stampapp.kafka.producer import send_once


class Producer:
    """Returns or raises what a test sets for the key of a message, and records the messages."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.values: list[bytes | None] = []

    async def send(self, _topic: str, value: bytes | None, *, key: bytes, **_: Any) -> Any:
        self.values.append(value)
        answer = self.answers[key.decode() if key else "none"]
        if isinstance(answer, OSError):
            raise answer
        future = asyncio.get_running_loop().create_future()
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
        return future


def messages(*keys: bytes | None) -> list[OutgoingMessage]:
    return [OutgoingMessage(topic="t", key=key, value=None) for key in keys]


async def test_each_message_has_its_answer() -> None:
    refused = kafka.MessageSizeTooLargeError()
    producer = Producer(a=1, b=refused, c=3)
    assert await send_once(producer, messages(b"a", b"b", b"c")) == [1, refused, 3]


async def test_after_a_refusal_by_the_client_nothing_more_is_sent() -> None:
    away = OSError("away")
    producer = Producer(a=1, b=away, c=3, d=4)
    assert await send_once(producer, messages(b"a", b"b", b"c", b"d")) == [1, away]
    assert len(producer.values) == 2


async def test_a_message_of_nothing_is_sent_as_an_empty_one() -> None:
    producer = Producer(none=1, a=2)
    await send_once(producer, messages(None, b"a"))
    assert producer.values == [b"", None]

"""`python -m tests.support.non_utf8_header BOOTSTRAP TOPIC`: a header whose name is not UTF-8.

Run it with AIOKAFKA_NO_EXTENSIONS=1: aiokafka's C extension accepts plain strings only.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from aiokafka import AIOKafkaProducer


class NonUtf8Name(str):
    """A string whose encoded form is not UTF-8."""

    __slots__ = ()

    def encode(self, *_: Any, **__: Any) -> bytes:
        return b"\xff\xfe"


async def send(bootstrap: str, topic: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        await producer.send_and_wait(topic, b"x", headers=[(NonUtf8Name("name"), b"")], partition=0)
    finally:
        await producer.stop()


if __name__ == "__main__":
    asyncio.run(send(*sys.argv[1:]))

from __future__ import annotations

import asyncio

import pytest

from stampapp.kafka.message import Message
from stampapp.worker.in_flight import InFlightLimit
from tests.support.alerts import message


@pytest.mark.parametrize(
    ("values", "reached"),
    [
        ((b"x",), False),
        ((b"x", b"x", b"x"), True),
        ((b"x" * 9,), False),
        ((b"x" * 9, b"x"), True),
        ((b"x" * 99,), True),
        ((None, None, None), True),
    ],
)
def test_it_is_reached_by_number_or_bytes(values: tuple[bytes | None], reached: bool) -> None:
    limit, some = InFlightLimit(messages=3, size=10), messages(*values)
    for one in some:
        limit.add(one)
    assert limit.reached is reached
    assert limit.reached_by(some) is reached
    assert limit.reached_by(some[1:]) is False


def test_keys_and_headers_count() -> None:
    limit = InFlightLimit(messages=100, size=10)
    limit.add(message(0, b"123", key=b"45", headers=(("name", b"1"),)))
    assert limit.reached


async def test_it_waits_until_enough_is_removed() -> None:
    limit, some = InFlightLimit(messages=2, size=1000), messages(b"x", b"x", b"x")
    for one in some:
        limit.add(one)
    waiting = [asyncio.ensure_future(limit.wait_for_room()) for _ in range(2)]
    limit.remove(some[:1])
    await asyncio.sleep(0.01)
    assert not any(one.done() for one in waiting)
    limit.remove(some[1:2])
    await asyncio.wait_for(asyncio.gather(*waiting), 5)


def messages(*values: bytes | None) -> list[Message]:
    return [message(offset, value, key=None) for offset, value in enumerate(values)]

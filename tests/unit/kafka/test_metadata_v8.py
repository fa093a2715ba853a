"""Parsing of metadata responses; the integration tests use real brokers."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.conn import AIOKafkaConnection

from stampapp.kafka.metadata_v8 import Operation, fetch_metadata, is_group_denied, parse_metadata

UNTOLD = -(2**31)
READ_AND_DESCRIBE = 2**3 + 2**8


def response(*topics: tuple[Any, ...]) -> Any:
    brokers = [(1, "one", 9092, None), (2, "::1", 9093, "rack")]
    return SimpleNamespace(brokers=brokers, topics=topics)


def topic(code: int, operations: int) -> tuple[Any, ...]:
    return (code, "alerts", False, [], operations)


class FakeConnection:
    """Returns or raises the given responses in turn."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[Any] = []

    async def send(self, request: Any) -> Any:
        self.requests.append(request)
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


def connection(*answers: Any) -> AIOKafkaConnection:
    return cast(AIOKafkaConnection, FakeConnection(*answers))


def test_brokers_have_the_form_of_server_settings() -> None:
    assert parse_metadata(response()).brokers == ("one:9092", "[::1]:9093")


@pytest.mark.parametrize(
    ("code", "operations", "exists", "allowed"),
    [
        (0, READ_AND_DESCRIBE, True, {Operation.READ, Operation.DESCRIBE}),
        (0, 2**8, True, {Operation.DESCRIBE}),
        (5, READ_AND_DESCRIBE, True, {Operation.READ, Operation.DESCRIBE}),
        (3, READ_AND_DESCRIBE, False, {Operation.READ, Operation.DESCRIBE}),
        (29, UNTOLD, False, set()),
        # Brokers that do not report permissions.
        (0, UNTOLD, True, None),
        (3, UNTOLD, False, None),
        (0, 0, True, None),
    ],
)
def test_topic_metadata_from_error_code_and_operations(
    code: int, operations: int, exists: bool, allowed: set[Operation] | None
) -> None:
    (found,) = parse_metadata(response(topic(code, operations))).topics.values()
    assert found.exists is exists
    assert found.allowed == allowed


def test_old_broker_returns_brokers_only() -> None:
    old = connection(NotImplementedError("v5 at most"), response())
    found = asyncio.run(fetch_metadata(old, ["alerts"]))
    assert found.brokers == ("one:9092", "[::1]:9093")
    assert found.topics == {}


@pytest.mark.parametrize(("code", "refused"), [(30, True), (25, False), (16, False), (0, False)])
def test_only_an_authorization_error_denies_a_group(code: int, refused: bool) -> None:
    asked = connection(SimpleNamespace(error_code=code))
    assert asyncio.run(is_group_denied(asked, "group")) is refused

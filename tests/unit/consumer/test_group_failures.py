"""With aiokafka's own coordinator, whose broker is a fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import errors as kafka
from aiokafka.cluster import ClusterMetadata
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.coordinator.protocol import ConsumerProtocol

from stampapp.consumer.group_failures import GroupFailures

NOTHING = ConsumerProtocol.ASSIGNMENT(0, [], b"").encode()


class Broker:
    """A client whose broker answers requests, by their names, with these error codes."""

    def __init__(self, **codes: int) -> None:
        self.codes = codes
        self.cluster = ClusterMetadata(metadata_max_age_ms=1000)
        self.protocol = "roundrobin"
        self.answered: list[tuple[str, int]] = []

    async def coordinator_lookup(self, *_: object) -> int:
        return 1

    async def ready(self, *_: object, **__: object) -> bool:
        return True

    async def send(self, _: int, request: object, **__: object) -> SimpleNamespace:
        name = type(request).__name__
        code = self.codes.get(name, 0)
        self.answered.append((name, code))
        return SimpleNamespace(
            error_code=code,
            member_id="me",
            generation_id=1,
            leader_id="other",
            group_protocol=self.protocol,
            member_assignment=NOTHING,
        )


class Group:
    """A member of a group, whose errors are collected in `reported`."""

    def __init__(self, broker: Broker) -> None:
        subscription = SubscriptionState()
        subscription.subscribe({"alerts"})
        subscription.register_fetch_waiters(set())
        self.coordinator: Any = GroupCoordinator(
            broker,
            subscription,
            group_id="group",
            heartbeat_interval_ms=10,
            enable_auto_commit=False,
        )
        self.reported: list[BaseException] = []
        self.report = asyncio.Event()
        self.failures = GroupFailures(self.coordinator, self._report)

    async def _report(self, error: BaseException) -> None:
        self.reported.append(error)
        self.report.set()


@asynccontextmanager
async def member(broker: Broker) -> AsyncIterator[Group]:
    group = Group(broker)
    yield group
    await asyncio.wait_for(group.coordinator.close(), 5.0)


@pytest.mark.parametrize(
    ("request_name", "code", "kind"),
    [
        ("JoinGroupRequest", 23, kafka.InconsistentGroupProtocolError),
        ("JoinGroupRequest", 30, kafka.GroupAuthorizationFailedError),
        ("JoinGroupRequest", -1, kafka.KafkaError),
        ("SyncGroupRequest", -1, kafka.KafkaError),
        ("HeartbeatRequest", 30, kafka.GroupAuthorizationFailedError),
        ("HeartbeatRequest", -1, kafka.KafkaError),
    ],
)
async def test_an_error_is_reported_although_nobody_waits_for_a_fetch(
    request_name: str, code: int, kind: type[Exception]
) -> None:
    async with member(Broker(**{request_name: code})) as group:
        await asyncio.wait_for(group.report.wait(), 5.0)
    (error,) = group.reported
    assert type(error) is kind


async def test_an_unexpected_end_of_the_coordination_is_reported() -> None:
    broker = Broker()
    broker.protocol = "none that it knows"
    async with member(broker) as group:
        await asyncio.wait_for(group.report.wait(), 5.0)
    (error,) = group.reported
    assert "Unexpected error during coordination" in str(error)


@pytest.mark.parametrize("code", [15, 16, 22, 25, 27])
async def test_what_the_member_gets_over_is_not_reported(code: int) -> None:
    broker = Broker(HeartbeatRequest=code)
    async with member(broker) as group, asyncio.timeout(10.0):
        await answered(broker, code)
        broker.codes.clear()
        await answered(broker, 0)
    assert group.reported == []


async def answered(broker: Broker, code: int) -> None:
    """Wait until the broker has answered a heartbeat like this."""
    while ("HeartbeatRequest", code) not in broker.answered:  # noqa: ASYNC110  # there is no event for it
        await asyncio.sleep(0.01)

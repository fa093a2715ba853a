from __future__ import annotations

import pytest

from stampapp.kafka import access_monitor, connection
from stampapp.kafka.access_monitor import AccessMonitor
from stampapp.kafka.cluster import Cluster

CLUSTER = Cluster(role="consumer", servers=("one:9092",))
PATIENCE = 50.0


class Door:
    """A cluster that refuses us as long as it has a reason, and a clock in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.reason: str | None = None
        self.knocks = 0

    def monotonic(self) -> float:
        return self.now

    async def refused(self, cluster: Cluster) -> str | None:
        assert cluster is CLUSTER
        self.knocks += 1
        return self.reason


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    door = Door()
    monkeypatch.setattr(access_monitor, "time", door)
    monkeypatch.setattr(connection, "find_access_problem", door.refused)
    return door


async def test_a_cluster_that_gives_us_messages_is_not_bothered(door: Door) -> None:
    assert await AccessMonitor(CLUSTER, PATIENCE).check(door.now - 9.9) is None
    assert door.knocks == 0


async def test_a_quiet_cluster_is_knocked_at_now_and_then(door: Door) -> None:
    welcome, heard = AccessMonitor(CLUSTER, PATIENCE), door.now
    for _ in range(30):
        door.now += 1.0
        assert await welcome.check(heard) is None
    assert door.knocks == 3


async def test_a_refusal_that_lasts_is_told_when_patience_ends(door: Door) -> None:
    welcome, heard = AccessMonitor(CLUSTER, PATIENCE), door.now
    door.reason = "it refuses user 'user'"
    answers = []
    for _ in range(6):
        door.now += 10.0
        answers.append(await welcome.check(heard))
    assert answers == [None] * 5 + [door.reason]


async def test_a_refusal_that_passes_is_forgotten(door: Door) -> None:
    welcome, heard = AccessMonitor(CLUSTER, PATIENCE), door.now
    for reason in ("no", "no", None, "no", "no", "no", "no", "no"):
        door.reason = reason
        door.now += 10.0
        assert await welcome.check(heard) is None

from __future__ import annotations

import pytest

from stampapp.kafka import access_monitor, connection
from stampapp.kafka.access_monitor import AccessMonitor
from stampapp.kafka.cluster import Cluster

CLUSTER = Cluster(role="consumer", servers=("one:9092",))
GRACE = 50.0


class FakeCluster:
    """A cluster that refuses access while `reason` is set, and a clock in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.reason: str | None = None
        self.connections = 0

    def monotonic(self) -> float:
        return self.now

    async def refused(self, cluster: Cluster) -> str | None:
        assert cluster is CLUSTER
        self.connections += 1
        return self.reason


@pytest.fixture
def fake_cluster(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    fake_cluster = FakeCluster()
    monkeypatch.setattr(access_monitor, "time", fake_cluster)
    monkeypatch.setattr(connection, "find_access_problem", fake_cluster.refused)
    return fake_cluster


async def test_does_not_connect_while_messages_arrive(fake_cluster: FakeCluster) -> None:
    assert await AccessMonitor(CLUSTER, GRACE).check(fake_cluster.now - 9.9) is None
    assert fake_cluster.connections == 0


async def test_connects_to_a_quiet_cluster_at_intervals(fake_cluster: FakeCluster) -> None:
    monitor, last_message_at = AccessMonitor(CLUSTER, GRACE), fake_cluster.now
    for _ in range(30):
        fake_cluster.now += 1.0
        assert await monitor.check(last_message_at) is None
    assert fake_cluster.connections == 3


async def test_reports_a_refusal_after_the_grace_period(fake_cluster: FakeCluster) -> None:
    monitor, last_message_at = AccessMonitor(CLUSTER, GRACE), fake_cluster.now
    fake_cluster.reason = "it refuses user 'user'"
    answers = []
    for _ in range(6):
        fake_cluster.now += 10.0
        answers.append(await monitor.check(last_message_at))
    assert answers == [None] * 5 + [fake_cluster.reason]


async def test_forgets_a_refusal_that_ends(fake_cluster: FakeCluster) -> None:
    monitor, last_message_at = AccessMonitor(CLUSTER, GRACE), fake_cluster.now
    for reason in ("no", "no", None, "no", "no", "no", "no", "no"):
        fake_cluster.reason = reason
        fake_cluster.now += 10.0
        assert await monitor.check(last_message_at) is None

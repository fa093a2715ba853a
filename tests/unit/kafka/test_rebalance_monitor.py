from __future__ import annotations

import pytest

from stampapp.kafka import rebalance_monitor
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.rebalance_monitor import RebalanceMonitor

CLUSTER = Cluster(role="consumer", servers=("one:9092",))
LIMIT = 50.0
INTERVAL = 10.0


class FakeCluster:
    """A cluster that answers or does not, and a clock in seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.answers = True
        self.asked = 0
        self.monitor = RebalanceMonitor(CLUSTER, "group", LIMIT)
        monkeypatch.setattr(rebalance_monitor, "time", self)
        monkeypatch.setattr(rebalance_monitor, "coordinator_answers", self.answer)

    def monotonic(self) -> float:
        return self.now

    async def answer(self, cluster: Cluster, group: str) -> bool:
        assert (cluster, group) == (CLUSTER, "group")
        self.asked += 1
        return self.answers

    async def check(self, *rebalances: int | None) -> list[str | None]:
        """Return the results of checks at intervals."""
        results = []
        for one in rebalances:
            results.append(await self.monitor.check(one))
            self.now += INTERVAL
        return results


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    return FakeCluster(monkeypatch)


async def test_a_rebalance_that_does_not_end_is_reported(cluster: FakeCluster) -> None:
    *earlier, last = await cluster.check(*[1] * 6)
    assert earlier == [None] * 5
    assert last == (
        "a rebalance of the group group has not ended for 50 s, although the consumer's cluster"
        " one:9092 answers; start the worker again"
    )


async def test_the_time_of_an_outage_does_not_count(cluster: FakeCluster) -> None:
    await cluster.check(*[1] * 4)
    cluster.answers = False
    assert not any(await cluster.check(*[1] * 100))
    cluster.answers = True
    assert not any(await cluster.check(*[1] * 4))
    assert all(await cluster.check(1))


async def test_each_rebalance_has_its_own_time(cluster: FakeCluster) -> None:
    assert not any(await cluster.check(*[1] * 5, *[2] * 5, None, *[2] * 5))
    # The next one may start before a check sees the end of the last.
    assert all(await cluster.check(2))


async def test_rebalances_are_watched(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebalance_monitor, "CHECK_INTERVAL", 0.0)
    # The number is looked at again before a rebalance is reported.
    passed = iter([None, *[1] * 6, None, *[2] * 6, 2])

    def rebalance() -> int | None:
        cluster.now += INTERVAL
        return next(passed)

    assert "has not ended for 50 s" in await cluster.monitor.watch(rebalance)
    assert next(passed, None) is None


async def test_nothing_is_asked_outside_of_long_rebalances(cluster: FakeCluster) -> None:
    assert not any(await cluster.check(None, None, 1, None, 2, 3, None))
    assert cluster.asked == 0

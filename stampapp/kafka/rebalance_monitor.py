"""Notice that a rebalance does not end although the cluster answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from stampapp.kafka.cluster import Cluster
from stampapp.kafka.connection_errors import describe_cluster
from stampapp.kafka.topic_reader import TopicReader

# Seconds between two checks.
CHECK_INTERVAL = 10.0
# Seconds after which a coordinator that has not answered counts as away.
_ANSWER_TIMEOUT = 15.0


class RebalanceMonitor:
    """Measures how long a rebalance of `group` takes, since its coordinator last did not answer.

    A rebalance waits for a cluster that is away as long as it takes. `limit` (s) is for one that
    answers; it must be more than the other members of the group may need.
    """

    def __init__(self, cluster: Cluster, group: str, limit: float) -> None:
        self._cluster, self._group, self._limit = cluster, group, limit
        self._rebalance: int | None = None
        self._since = 0.0

    async def watch(self, rebalance: Callable[[], int | None]) -> str:
        """Return what is wrong, as soon as a rebalance has taken too long.

        `rebalance` returns the number of the one that is going on, None outside of rebalances.
        """
        while True:
            await asyncio.sleep(CHECK_INTERVAL)
            number = rebalance()
            problem = await self.check(number)
            # It may have ended while the cluster was asked.
            if problem and rebalance() == number:
                return problem

    async def check(self, rebalance: int | None) -> str | None:
        """Return what is wrong, if a rebalance has taken too long; `rebalance` is its number."""
        # Most rebalances are over before the second check.
        if rebalance is None or rebalance != self._rebalance:
            self._rebalance, self._since = rebalance, time.monotonic()
            return None
        if not await coordinator_answers(self._cluster, self._group):
            self._since = time.monotonic()
        seconds = time.monotonic() - self._since
        if seconds < self._limit:
            return None
        return (
            f"a rebalance of the group {self._group} has not ended for {seconds:.0f} s, although"
            f" {describe_cluster(self._cluster)} answers; start the worker again"
        )


async def coordinator_answers(cluster: Cluster, group: str) -> bool:
    """Return whether the broker that coordinates a group answers over another connection."""
    try:
        async with asyncio.timeout(_ANSWER_TIMEOUT), TopicReader(cluster) as reader:
            await reader.group_members(group)
    except Exception:  # whatever it is, a worker must not stop because it cannot be asked
        return False
    return True

"""Whether a cluster goes on letting us in: a changed password shows when connections break."""

from __future__ import annotations

import time

from stampapp.kafka import connection
from stampapp.kafka.cluster import Cluster


class AccessMonitor:
    """Knocks at a cluster that is quiet, and tells when it has been refusing us for too long.

    For `grace` seconds a refusal may come from a cluster that is just being restarted; after
    that only other settings help, and these are read at the start.
    """

    def __init__(self, cluster: Cluster, grace: float) -> None:
        self._cluster = cluster
        self._grace = grace
        self._interval = grace / 5
        self._checked_at: float | None = None
        self._refused_since: float | None = None

    async def check(self, last_message_at: float) -> str | None:
        """Return why we are not let in, when that has been so for long; an outage is no reason.

        `last_message_at` is when the cluster last gave us something (monotonic clock, seconds).
        """
        now = time.monotonic()
        if now - max(last_message_at, self._checked_at or last_message_at) < self._interval:
            return None
        self._checked_at = now
        problem = await connection.find_access_problem(self._cluster)
        if problem is None:
            self._refused_since = None
            return None
        self._refused_since = self._refused_since or now
        return problem if now - self._refused_since >= self._grace else None

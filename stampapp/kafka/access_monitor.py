"""Notice that a quiet cluster has revoked the access of this client."""

from __future__ import annotations

import time

from stampapp.kafka import connection
from stampapp.kafka.cluster import Cluster


class AccessMonitor:
    """Connects to a quiet cluster now and then, and reports when it has refused for too long.

    Kafka checks a password only when a connection is opened, so a changed one goes unnoticed until
    the old connection breaks. For `grace` seconds a refusal may come from a restart of the cluster;
    after that only other settings help, and the worker reads these at its start.
    """

    def __init__(self, cluster: Cluster, grace: float) -> None:
        self._cluster = cluster
        self._grace = grace
        self._interval = grace / 5
        self._checked_at: float | None = None
        self._refused_since: float | None = None

    async def check(self, last_message_at: float) -> str | None:
        """Return why access is refused, if it has been for the grace period; None in an outage.

        `last_message_at` is when the last message came (monotonic clock, seconds).
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

"""The coordinator of a group answers, unless its broker is frozen or stopped."""

from __future__ import annotations

import secrets

from stampapp.kafka.cluster import Cluster
from stampapp.kafka.rebalance_monitor import coordinator_answers
from tests.support.apache_kafka import ApacheKafka


async def test_whether_the_coordinator_answers() -> None:
    group = f"group-{secrets.token_hex(4)}"
    with ApacheKafka() as kafka:
        cluster = Cluster(role="consumer", servers=(kafka.bootstrap,))
        assert await coordinator_answers(cluster, group)
        kafka.freeze()
        assert not await coordinator_answers(cluster, group)
        kafka.thaw()
        assert await coordinator_answers(cluster, group)
        kafka.stop()
        assert not await coordinator_answers(cluster, group)

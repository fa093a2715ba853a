"""The coordinator of a group answers, unless its broker is frozen or stopped."""

from __future__ import annotations

import asyncio
import secrets

from stampapp.kafka.cluster import Cluster
from stampapp.kafka.rebalance_monitor import coordinator_answers
from tests.support.apache_kafka import ApacheKafka
from tests.support.stopwatch import AMPLE


async def test_whether_the_coordinator_answers() -> None:
    group = f"group-{secrets.token_hex(4)}"
    with ApacheKafka() as kafka:
        cluster = Cluster(role="consumer", servers=(kafka.bootstrap,))
        await until_it_answers(cluster, group)
        kafka.freeze()
        assert not await coordinator_answers(cluster, group)
        kafka.thaw()
        await until_it_answers(cluster, group)
        kafka.stop()
        assert not await coordinator_answers(cluster, group)


async def until_it_answers(cluster: Cluster, group: str) -> None:
    """Wait for a broker that first has to make the topic of the offsets, or to wake up."""
    async with asyncio.timeout(AMPLE):
        while not await coordinator_answers(cluster, group):  # noqa: ASYNC110  # there is no event
            await asyncio.sleep(0.1)

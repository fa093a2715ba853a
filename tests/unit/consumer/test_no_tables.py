from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, Mock

import faust
from faust.types import TP

from stampapp.consumer.no_tables import NoTables

ASSIGNED = {TP("alerts", 0)}
REQUEST_TIMEOUT = 0.1


class Consumer:
    """A consumer whose broker answers after `away` seconds."""

    def __init__(self, away: float) -> None:
        self.away = away
        self.flows = asyncio.Event()

    def assignment(self) -> set[TP]:
        return ASSIGNED

    def pause_partitions(self, partitions: set[TP]) -> None: ...

    def resume_partitions(self, partitions: set[TP]) -> None: ...

    async def perform_seek(self) -> None:
        await asyncio.sleep(self.away)

    def resume_flow(self) -> None:
        self.flows.set()


def app_without_tables(consumer: Consumer) -> Any:
    app: Any = faust.App(
        "test",
        broker="kafka://localhost:1",
        store="memory://",
        TableManager=NoTables,
        stream_recovery_delay=0.0,
        broker_session_timeout=REQUEST_TIMEOUT,
        broker_request_timeout=REQUEST_TIMEOUT,
    )
    app.consumer = consumer
    app._fetcher = SimpleNamespace(maybe_start=AsyncMock(), stop=AsyncMock())
    return app


async def rebalance(app: Any) -> None:
    app.consumer_generation_id += 1
    app.on_rebalance_start()
    await app.tables.on_rebalance(ASSIGNED, set(), ASSIGNED, app.consumer_generation_id)


async def test_what_waits_for_tables_goes_on_at_once() -> None:
    app = Mock(producer_only=False, client_only=False)
    app.consumer.assignment.return_value = set()
    tables = NoTables(app)
    tables._recovery = Mock(start=AsyncMock())
    # Faust's own takes a second.
    async with asyncio.timeout(0.5):
        await tables.on_start()
        await tables.wait_until_tables_registered()
    tables._recovery.start.assert_awaited_once_with()


async def test_a_broker_that_is_away_after_a_rebalance_is_waited_for() -> None:
    consumer = Consumer(away=3 * REQUEST_TIMEOUT)
    app = app_without_tables(consumer)
    await app.tables.start()
    for _ in range(2):
        consumer.flows.clear()
        await rebalance(app)
        await asyncio.wait_for(consumer.flows.wait(), 5.0)
        assert not app.rebalancing
    await app.tables.stop()


async def test_the_next_rebalance_interrupts_the_wait() -> None:
    consumer = Consumer(away=3600.0)
    app = app_without_tables(consumer)
    await app.tables.start()
    await rebalance(app)
    await asyncio.sleep(2 * REQUEST_TIMEOUT)
    consumer.away = 0.0
    await rebalance(app)
    await asyncio.wait_for(consumer.flows.wait(), 5.0)
    assert not app.rebalancing
    await app.tables.stop()

from __future__ import annotations

import asyncio
from unittest.mock import AsyncMock, Mock

from stampapp.consumer.no_tables import NoTables


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

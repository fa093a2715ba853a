"""Faust's manager of tables, for an app that has none."""

from __future__ import annotations

from faust.tables import TableManager


class NoTables(TableManager):
    """Lets the worker consume at once."""

    # Faust waits for a second, since tables may still be declared.
    async def on_start(self) -> None:
        """Report that all tables are declared, for which the consumer waits."""
        await self._update_channels()
        await self.recovery.start()

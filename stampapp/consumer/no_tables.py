"""Faust's manager of tables, for an app that has none."""

from __future__ import annotations

from faust.tables import TableManager
from faust.tables.recovery import Recovery
from mode.services import WaitArgT
from mode.utils.times import Seconds


class PatientRecovery(Recovery):
    """Starts to consume after each rebalance, however long the broker is away."""

    # Faust takes a timeout for the end of the service: its task ends without a word, and nothing
    # is consumed any more, not even after the next rebalance. The client repeats its requests.
    async def _wait(
        self,
        coro: WaitArgT,
        timeout: Seconds | None = None,  # noqa: ARG002, ASYNC109  # Faust's signature
    ) -> None:
        await super()._wait(coro)


class NoTables(TableManager):
    """Lets the worker consume at once."""

    # Faust waits for a second, since tables may still be declared.
    async def on_start(self) -> None:
        """Report that all tables are declared, for which the consumer waits."""
        await self._update_channels()
        await self.recovery.start()

    @property
    def recovery(self) -> Recovery:
        """The service that starts to consume."""
        if self._recovery is None:
            self._recovery = PatientRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery

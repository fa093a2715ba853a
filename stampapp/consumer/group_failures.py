"""Report the errors that end the membership in a consumer group."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

Report = Callable[[BaseException], Awaitable[None]]


class GroupFailures:
    """Reports what an aiokafka coordinator cannot go on after."""

    # The coordinator hands such an error to whoever waits for a fetch. During a join nobody does:
    # it then waits for a method that Faust never calls, and the group goes on without this member.

    def __init__(self, coordinator: Any, report: Report) -> None:
        self._coordinator, self._report = coordinator, report
        self._hand_out = coordinator._push_error_to_user
        coordinator._push_error_to_user = self._push_error
        self._watching = asyncio.ensure_future(self._watch(coordinator._coordination_task))

    async def _push_error(self, error: BaseException) -> None:
        # An error that comes while the group is left does not matter.
        if not self._coordinator._closing.done():
            await self._report(error)
        await self._hand_out(error)

    async def _watch(self, coordination: asyncio.Task[None]) -> None:
        await asyncio.wait([coordination])
        closing = self._coordinator._closing.done()
        if not coordination.cancelled() and (error := coordination.exception()) and not closing:
            await self._report(error)

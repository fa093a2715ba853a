"""Publish alerts and show results until there are enough, or a worker ends."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from stampapp.demo import topics
from stampapp.demo.demo_message import DemoMessage
from stampapp.demo.processes import POLL_INTERVAL, Worker
from stampapp.demo.results_table import ResultsTable
from stampapp.demo.topics import Result


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoRun:
    """Workers on a broker, `rate` alerts per second, until `count` are shown (None: for ever)."""

    bootstrap: str
    workers: Sequence[Worker]
    rate: float
    count: int | None

    async def publish_and_show(self, messages: Iterator[DemoMessage], table: ResultsTable) -> None:
        """Publish messages and show the results; SIGTERM cancels it.

        Raises StampError if a worker ends.
        """
        if task := asyncio.current_task():
            # An exception raised by a signal handler would leave tasks running.
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        async with topics.results(self.bootstrap) as results:
            with table:
                await _run_until_first_ends(
                    topics.publish(self.bootstrap, _noted(messages, table), self.rate),
                    _show_results(results, table, self.count),
                    _watch(self.workers),
                )


def _noted(messages: Iterator[DemoMessage], table: ResultsTable) -> Iterator[DemoMessage]:
    for message in messages:
        table.note_published(message)
        yield message


async def _show_results(
    results: AsyncIterator[Result], table: ResultsTable, count: int | None
) -> None:
    async for result in results:
        table.add(result)
        if count and table.shown >= count:
            return


async def _run_until_first_ends(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run all until the first ends; cancel the others and raise what it raised."""
    tasks = [asyncio.create_task(one) for one in coroutines]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in ended:
        task.result()


async def _watch(workers: Sequence[Worker]) -> None:
    while True:
        for worker in workers:
            worker.check()
        await asyncio.sleep(POLL_INTERVAL)

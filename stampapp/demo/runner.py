"""The show itself: alerts go out, results come in, until enough have come or something ends."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from stampapp.demo import topics
from stampapp.demo.demo_message import Cue
from stampapp.demo.processes import SECOND_LOOK, Worker
from stampapp.demo.results_table import ResultsTable
from stampapp.demo.topics import Result


@dataclass(frozen=True, kw_only=True, slots=True)
class Show:
    """Workers on a broker, `rate` alerts per second, until `count` are shown (None: for ever)."""

    bootstrap: str
    workers: Sequence[Worker]
    rate: float
    count: int | None

    async def play(self, cues: Iterator[Cue], table: ResultsTable) -> None:
        """Publish, and show what comes of it; SIGTERM cancels it.

        Raises StampError where a worker has ended.
        """
        if task := asyncio.current_task():
            # An exception out of a signal handler would leave tasks behind.
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        async with topics.results(self.bootstrap) as results:
            with table:
                await _first_of(
                    topics.publish(self.bootstrap, _expected(cues, table), self.rate),
                    _show(results, table, self.count),
                    _watch(self.workers),
                )


def _expected(cues: Iterator[Cue], table: ResultsTable) -> Iterator[Cue]:
    for cue in cues:
        table.expect(cue)
        yield cue


async def _show(results: AsyncIterator[Result], table: ResultsTable, count: int | None) -> None:
    async for result in results:
        table.add(result)
        if count and table.shown >= count:
            return


async def _first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Run all, end all when one has ended, and raise what it raised."""
    tasks = [asyncio.create_task(work) for work in works]
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
        await asyncio.sleep(SECOND_LOOK)

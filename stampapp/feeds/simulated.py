"""Simulate alerts in several processes, in a fixed order."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from itertools import count as numbers

from stampapp.alerts.alert import LabelledAlert
from stampapp.alerts.surveys import Survey
from stampapp.config import cpu_count
from stampapp.feeds import process_pool

# Alerts that a process draws at a time, and how many such chunks are drawn ahead per process.
CHUNK = 8
_CHUNKS_AHEAD = 2
# A process takes a second to start, in which another one draws so many alerts.
WORTH_A_PROCESS = 160
# Alerts per second that one process draws on a slow and busy machine.
_MIN_RATE = 20.0


def processes_for(rate: float | None) -> int:
    """Return how many processes can draw `rate` alerts per second; None: one per core."""
    most = cpu_count.cores()
    return most if rate is None else min(most, 1 + int(rate / _MIN_RATE))


@contextmanager
def simulated_alerts(
    surveys: Sequence[Survey], seed: int, count: int | None, workers: int, start: int = 0
) -> Iterator[Iterator[LabelledAlert]]:
    """Yield an iterator of the first `count` alerts of a seed (None: endless), the surveys in turn.

    It leaves out the first `start` of them. The number of processes (`workers`) changes neither the
    alerts nor their order. The iterator raises StampError if a process dies.
    """
    drawn = _draw(surveys, seed, count, workers, start)
    try:
        yield drawn
    finally:
        # After a second Ctrl-C a thread may still be in the generator, which cannot be closed then.
        with suppress(ValueError):
            drawn.close()


def _draw(
    surveys: Sequence[Survey], seed: int, count: int | None, workers: int, start: int
) -> Generator[LabelledAlert, None, None]:
    starts = numbers(start, CHUNK) if count is None else range(start, count, CHUNK)
    if count is not None:
        workers = min(workers, 1 + max(0, count - start) // WORTH_A_PROCESS)
    with process_pool.pool(workers) as pool:
        ahead: deque[Future[list[LabelledAlert]]] = deque()
        for first in starts:
            stop = first + CHUNK if count is None else min(first + CHUNK, count)
            with process_pool.without_interrupts():
                ahead.append(pool.submit(_draw_chunk, surveys, seed, first, stop))
            if len(ahead) > _CHUNKS_AHEAD * workers:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()


def _draw_chunk(surveys: Sequence[Survey], seed: int, start: int, stop: int) -> list[LabelledAlert]:
    # A slow import, needed only in the processes that draw.
    from stampapp.simulation import simulate

    turns = (divmod(number, len(surveys)) for number in range(start, stop))
    return [simulate.simulate_alert(surveys[turn], seed, index) for index, turn in turns]

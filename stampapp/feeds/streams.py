"""Simulated alerts in their order, drawn in processes of their own."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import count as numbers
from multiprocessing import get_context, parent_process

from stampapp.errors import StampError
from stampapp.records import Labelled, Survey
from stampapp.simulation import skies

# What a process draws at a time, and how many such shares are drawn ahead of need for each.
SHARE = 16
_AHEAD = 2
# What a process draws on a slow machine that does other things, too (alerts per second).
_LEAST_RATE = 20.0


def processes_for(rate: float | None) -> int:
    """Return how many processes keep up with so many alerts per second; None: all that fit."""
    cores = len(os.sched_getaffinity(0))
    return cores if rate is None else min(cores, 1 + int(rate / _LEAST_RATE))


def draw(
    surveys: Sequence[Survey], seed: int, count: int | None, processes: int
) -> Iterator[Labelled]:
    """Yield the first `count` alerts of a seed, without end for None; the surveys take turns.

    They are the same ones in the same order, however many processes draw. Close the iterator to
    end the processes. Raises StampError where one of them has died.
    """
    starts = numbers(0, SHARE) if count is None else range(0, count, SHARE)
    with _pool(processes) as pool:
        ahead: deque[Future[list[Labelled]]] = deque()
        for start in starts:
            stop = start + SHARE if count is None else min(start + SHARE, count)
            with _signals_held_back():
                ahead.append(pool.submit(_share, surveys, seed, start, stop))
            if len(ahead) > _AHEAD * processes:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()


@contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    # Spawned, for a child forked from a process with threads may hang.
    pool = ProcessPoolExecutor(processes, get_context("spawn"), initializer=_watch_parent)
    try:
        yield pool
    except BrokenProcessPool as error:
        raise StampError(
            "a process that draws alerts has died, perhaps for want of memory: the system's log"
            " may know"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach: they inherit this, and end with the parent."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _watch_parent() -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := parent_process():
        parent.join()
        os._exit(1)


def _share(surveys: Sequence[Survey], seed: int, start: int, stop: int) -> list[Labelled]:
    turns = (divmod(number, len(surveys)) for number in range(start, stop))
    return [skies.draw(surveys[turn], seed, index) for index, turn in turns]

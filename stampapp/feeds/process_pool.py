"""Processes that draw alerts: they end with whoever started them, and leave signals to it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process

from stampapp.errors import StampError

# A process for each core is all that the cores can do: numpy's own threads would only wait.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}


@contextmanager
def pool(count: int) -> Iterator[ProcessPoolExecutor]:
    """Give a pool of so many processes; at the end, what they have not begun is cancelled.

    Raises StampError where one of them has died.
    """
    # Spawned, for a child forked from a process with threads may hang.
    executor = ProcessPoolExecutor(count, get_context("spawn"), initializer=_watch_parent)
    added = {name: value for name, value in _ONE_THREAD.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield executor
    except BrokenProcessPool as error:
        raise StampError(
            "a process that draws alerts has died, perhaps for want of memory: the system's log"
            " may know"
        ) from error
    finally:
        executor.shutdown(cancel_futures=True)
        for name in added:
            del os.environ[name]


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Start processes in here, and Ctrl-C does not reach them: they inherit what is blocked."""
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

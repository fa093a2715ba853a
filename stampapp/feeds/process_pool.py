"""Processes that simulate alerts. They end with their parent and ignore Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from typing import ParamSpec, TypeVar

from stampapp.errors import StampError

P = ParamSpec("P")
T = TypeVar("T")
# With a process per core, numpy's own threads would only wait.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
# In a process of a pool: held unless it computes, when it may be sending a result. Half a result
# would block the parent for ever.
_may_be_sending = threading.Lock()


@contextmanager
def pool(count: int) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of `count` processes; at the end, cancel what is not finished.

    Raises StampError if one of them dies.
    """
    # Spawned: a child that is forked from a process with threads may deadlock.
    context = get_context("spawn")
    # Closing `stop` ends the processes, even those that are computing.
    stopped, stop = context.Pipe(duplex=False)
    executor = _Executor(count, context, initializer=_watch, initargs=(stopped,))
    added = {name: value for name, value in _ONE_THREAD.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield executor
    except BrokenProcessPool as error:
        raise StampError(
            "a process that simulates alerts died, perhaps for lack of memory: see the system's log"
        ) from error
    finally:
        stop.close()
        executor.shutdown(cancel_futures=True)
        stopped.close()
        for name in added:
            del os.environ[name]


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Keep Ctrl-C from processes that are started in this block: they inherit the mask.

    In this process it takes effect at the end of the block.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with _interrupt_deferred():
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _interrupt_deferred() -> Iterator[None]:
    # The mask is that of this thread. Another thread may get the signal, and Python would raise
    # KeyboardInterrupt here, between the start of a process and what it is sent first.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: received.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if received:
            signal.raise_signal(received[0])


class _Executor(ProcessPoolExecutor):
    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return super().submit(_compute, partial(fn, *args, **kwargs))


def _compute(task: Callable[[], T]) -> T:
    _may_be_sending.release()
    try:
        return task()
    finally:
        _may_be_sending.acquire()


def _watch(stopped: Connection) -> None:
    _may_be_sending.acquire()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    threading.Thread(target=_end_when_stopped, args=(stopped,), daemon=True).start()


def _end_with_parent() -> None:
    if parent := parent_process():
        parent.join()
        os._exit(1)


def _end_when_stopped(stopped: Connection) -> None:
    wait([stopped])
    with _may_be_sending:
        os._exit(1)

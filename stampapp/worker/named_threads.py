"""Threads that are known by what they do."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path


def thread_pool(name: str, count: int = 1) -> ThreadPoolExecutor:
    """Return an executor of so many threads; those that they start are called likewise."""
    return ThreadPoolExecutor(count, name, _set_thread_name, (name,))


def _set_thread_name(name: str) -> None:
    # Python 3.11 keeps the names of threads to itself; with this `top -H` tells the stages apart.
    with suppress(OSError):
        Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text(name)

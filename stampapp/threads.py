"""Threads that are known by what they do."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path


def single(name: str) -> ThreadPoolExecutor:
    """Return an executor of one thread; its name is also that of the threads that it starts."""
    return ThreadPoolExecutor(1, name, _known_as, (name,))


def _known_as(name: str) -> None:
    # Python 3.11 keeps the names of threads to itself; with this `top -H` tells the stages apart.
    with suppress(OSError):
        Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text(name)

"""Thread pools whose threads carry a name that `top -H` shows."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path


def thread_pool(name: str, count: int = 1) -> ThreadPoolExecutor:
    """Return an executor of `count` threads; threads that these start inherit the name."""
    return ThreadPoolExecutor(count, name, _set_thread_name, (name,))


def _set_thread_name(name: str) -> None:
    # Python 3.11 does not pass thread names on to the operating system.
    with suppress(OSError):
        Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text(name)

"""Wait for other processes and threads."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(
    condition: Callable[[], object], within: float, complaint: Callable[[], str] | str = "too late"
) -> float:
    """Return the seconds it took until the condition held."""
    start = time.monotonic()
    while not condition():
        waited = time.monotonic() - start
        if waited > within:
            text = complaint if isinstance(complaint, str) else complaint()
            raise AssertionError(f"not so after {waited:.1f} s: {text}")
        time.sleep(0.05)
    return time.monotonic() - start

"""How long a program takes, told apart from what else the machine does meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

R = TypeVar("R")
TRIES = 3
# Seconds for what must only end, however little of the machine it gets.
AMPLE = 240.0


def quickest(run: Callable[[], R], limit: float, tries: int = TRIES) -> tuple[R, float]:
    """Run until it takes less than `limit` seconds, at most so many times; return the last.

    A busy machine adds to what a program takes, and never takes away: one run in time shows that
    it can. One that really takes longer does so each time.
    """
    seconds = limit
    for _ in range(tries):
        start = time.monotonic()
        result = run()
        seconds = time.monotonic() - start
        if seconds < limit:
            break
    return result, seconds

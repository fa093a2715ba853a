"""How many alerts are due, and how long until the next one is. Pure; times in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """So many alerts per second on average, `rate`; None: as many as there are.

    What was held up is caught up on, `most` at a time.
    """

    rate: float | None
    most: int

    def due(self, elapsed: float, done: int) -> int:
        """Return how many are due after `elapsed` when `done` have gone; the first is at once."""
        if self.rate is None:
            return self.most
        return max(0, min(int(elapsed * self.rate) + 1 - done, self.most))

    def pause(self, elapsed: float, done: int) -> float:
        """Return how long it is until another one is due."""
        return 0.0 if self.rate is None else max(0.0, done / self.rate - elapsed)

"""Detect that a worker makes no progress although messages are waiting."""

from __future__ import annotations


class StallDetector:
    """Measures how long messages have waited while the worker made no progress.

    The time starts when messages are first seen to wait, not at the last message: an idle worker is
    not stalled.
    """

    def __init__(self) -> None:
        self._since: float | None = None
        self._last_activity: float | None = None

    def stalled_for(self, *, waiting: int, last_activity: float, now: float) -> float:
        """Return for how many seconds `waiting` messages have waited without progress.

        `last_activity` is when a message was last taken or a batch confirmed; it and `now` are in
        seconds of a monotonic clock.
        """
        if not waiting or last_activity != self._last_activity:
            self._since, self._last_activity = None, last_activity
        if waiting and self._since is None:
            self._since = now
        return now - self._since if self._since is not None else 0.0

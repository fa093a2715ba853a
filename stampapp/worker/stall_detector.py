"""Whether a worker has stopped getting on although messages wait for it. Pure."""

from __future__ import annotations


class StallDetector:
    """How long messages have waited while the worker made no progress.

    An idle worker is no stalled one: what counts is the time since messages were first seen to
    wait, not the time since the last message.
    """

    def __init__(self) -> None:
        self._since: float | None = None
        self._last_progress: float | None = None

    def stalled_for(self, *, waiting: int, last_progress: float, now: float) -> float:
        """Return the seconds that `waiting` messages have waited untouched.

        `last_progress` is when a message was last taken or a batch confirmed; it and `now` are in
        seconds, on any clock that only goes forward.
        """
        if not waiting or last_progress != self._last_progress:
            self._since, self._last_progress = None, last_progress
        if waiting and self._since is None:
            self._since = now
        return now - self._since if self._since is not None else 0.0

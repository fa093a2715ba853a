"""Whether a worker has stopped getting on although messages wait for it. Pure."""

from __future__ import annotations


class StallWatch:
    """Looked at now and then, tells how long messages have been waiting while nothing moved.

    An idle worker is no stalled one: what counts is the time since messages were first seen to
    wait, not the time since the last message.
    """

    def __init__(self) -> None:
        self._since: float | None = None
        self._moved: float | None = None

    def stuck(self, *, waiting: int, moved: float, now: float) -> float:
        """Return the seconds that `waiting` messages have waited untouched.

        `moved` is when a message was last taken or a batch confirmed; both in seconds, on any
        clock that only goes forward.
        """
        if not waiting or moved != self._moved:
            self._since, self._moved = None, moved
        if waiting and self._since is None:
            self._since = now
        return now - self._since if self._since is not None else 0.0

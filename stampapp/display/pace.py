"""The rate of something that is being done, and the time that is left."""

from __future__ import annotations

from dataclasses import dataclass

# Sooner, both would be guesses.
_LEAST_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """What was done at its `start` (in seconds), by which the rest is measured.

    `done` is part of a total; `count` is the number of things. Nothing is measured before the first
    of them is `begun`: the time until then is that of a start.
    """

    start: float
    done: int
    count: int
    begun: bool = False


def measured_from(first: Pace | None, now: float, done: int, count: int) -> Pace:
    """Return what to measure by from now on, as before or, at the first progress, anew."""
    if first is None:
        return Pace(start=now, done=done, count=count)
    if not first.begun and done > first.done:
        return Pace(start=now, done=done, count=count, begun=True)
    return first


def rate(first: Pace, now: float, count: int | None) -> str:
    """Return how many things are done in a second; nothing if it is too soon to tell."""
    seconds = now - first.start
    if not first.begun or count is None or count <= first.count or seconds < _LEAST_SECONDS:
        return ""
    found = (count - first.count) / seconds
    return f"{found:.0f}/s" if found >= 10 else f"{found:.1f}/s"


def time_left(first: Pace, now: float, done: int, total: int | None) -> str:
    """Return the time that is left if it goes on like this; nothing if it is too soon to tell."""
    seconds = now - first.start
    if not first.begun or total is None or seconds < _LEAST_SECONDS:
        return ""
    if done <= first.done or done >= total:
        return ""
    return f"{duration((total - done) * seconds / (done - first.done))} left"


def duration(seconds: float) -> str:
    """Return a time in the two largest units."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"

from __future__ import annotations

import pytest

from stampapp.display.pace import Pace, duration, measured_from, rate, time_left

# 100 of 500 bytes and 40 alerts were done before.
FIRST = Pace(start=10.0, done=100, count=40, begun=True)


@pytest.mark.parametrize(
    ("now", "count", "expected"),
    [(20.0, 140, "10/s"), (20.0, 45, "0.5/s"), (11.0, 140, ""), (20.0, 40, ""), (20.0, None, "")],
)
def test_the_rate_since_the_start(now: float, count: int | None, expected: str) -> None:
    assert rate(FIRST, now, count) == expected


@pytest.mark.parametrize(
    ("now", "done", "total", "expected"),
    [
        (20.0, 200, 500, "30 s left"),
        (11.0, 200, 500, ""),
        (20.0, 100, 500, ""),
        (20.0, 500, 500, ""),
        (20.0, 200, None, ""),
    ],
)
def test_the_time_left_if_it_goes_on_as_since_the_start(
    now: float, done: int, total: int | None, expected: str
) -> None:
    assert time_left(FIRST, now, done, total) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.4, "0 s"), (59.6, "1 min 0 s"), (3599, "59 min 59 s"), (7384, "2 h 3 min")],
)
def test_a_duration_in_its_two_largest_units(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_a_slow_start_does_not_count() -> None:
    start = measured_from(None, 10.0, 100, 40)
    assert (rate(start, 90.0, 41), time_left(start, 90.0, 101, 500)) == ("", "")
    assert measured_from(start, 80.0, 100, 40) == start
    begun = measured_from(start, 90.0, 101, 41)
    assert begun == Pace(start=90.0, done=101, count=41, begun=True)
    assert measured_from(begun, 95.0, 151, 91) == begun
    assert rate(begun, 95.0, 91) == "10/s"
    assert time_left(begun, 95.0, 151, 251) == "10 s left"

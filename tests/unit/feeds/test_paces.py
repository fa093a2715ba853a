from __future__ import annotations

import pytest

from stampapp.feeds.publisher import Pace


def test_without_a_rate_as_many_are_due_as_can_go() -> None:
    pace = Pace(rate=None, max_group=32)
    assert pace.due(0.0, 0) == pace.due(99.0, 10**6) == 32
    assert pace.pause(0.0, 10**6) == 0.0


@pytest.mark.parametrize(
    ("elapsed", "done", "due"),
    [(0.0, 0, 1), (0.0, 1, 0), (0.99, 10, 0), (1.0, 10, 1), (1.2, 10, 3)],
)
def test_alerts_are_due_one_after_the_other(elapsed: float, done: int, due: int) -> None:
    assert Pace(rate=10.0, max_group=32).due(elapsed, done) == due


def test_what_was_held_up_is_caught_up_on_in_parts() -> None:
    assert Pace(rate=10.0, max_group=32).due(60.0, 1) == 32


@pytest.mark.parametrize(
    ("elapsed", "done", "pause"), [(0.0, 1, 4.0), (3.0, 1, 1.0), (9.0, 2, 0.0)]
)
def test_the_pause_lasts_until_the_next_is_due(elapsed: float, done: int, pause: float) -> None:
    pace = Pace(rate=0.25, max_group=32)
    assert pace.pause(elapsed, done) == pytest.approx(pause)
    assert pace.due(elapsed + pause, done) >= 1

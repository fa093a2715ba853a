from __future__ import annotations

from stampapp.worker.stall_detector import StallWatch


def test_an_idle_worker_is_not_stuck_when_messages_come() -> None:
    watch = StallWatch()
    assert watch.stuck(waiting=0, moved=1.0, now=1000.0) == 0.0
    # The first look at them may fall between their arrival and their being taken.
    assert watch.stuck(waiting=5, moved=1.0, now=5000.0) == 0.0
    assert watch.stuck(waiting=0, moved=5000.1, now=5010.0) == 0.0


def test_messages_that_wait_while_nothing_moves_are_timed() -> None:
    watch = StallWatch()
    seconds = [watch.stuck(waiting=3, moved=1.0, now=now) for now in (10.0, 20.0, 45.0)]
    assert seconds == [0.0, 10.0, 35.0]


def test_any_movement_starts_the_time_anew() -> None:
    watch = StallWatch()
    watch.stuck(waiting=3, moved=1.0, now=10.0)
    assert watch.stuck(waiting=3, moved=15.0, now=20.0) == 0.0
    assert watch.stuck(waiting=3, moved=15.0, now=30.0) == 10.0

from __future__ import annotations

from stampapp.worker.stall_detector import StallDetector


def test_an_idle_worker_is_not_stalled_when_messages_come() -> None:
    detector = StallDetector()
    assert detector.stalled_for(waiting=0, last_activity=1.0, now=1000.0) == 0.0
    # The first check may fall between their arrival and their being taken.
    assert detector.stalled_for(waiting=5, last_activity=1.0, now=5000.0) == 0.0
    assert detector.stalled_for(waiting=0, last_activity=5000.1, now=5010.0) == 0.0


def test_messages_that_wait_without_progress_are_timed() -> None:
    detector = StallDetector()
    seconds = [
        detector.stalled_for(waiting=3, last_activity=1.0, now=now) for now in (10.0, 20.0, 45.0)
    ]
    assert seconds == [0.0, 10.0, 35.0]


def test_any_progress_restarts_the_time() -> None:
    detector = StallDetector()
    detector.stalled_for(waiting=3, last_activity=1.0, now=10.0)
    assert detector.stalled_for(waiting=3, last_activity=15.0, now=20.0) == 0.0
    assert detector.stalled_for(waiting=3, last_activity=15.0, now=30.0) == 10.0

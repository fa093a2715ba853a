from __future__ import annotations

import pytest

from stampapp.display import progress


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def test_in_a_pipe_it_writes_a_line_now_and_then(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress.progress_bar("simulating", 1000) as advance:
        for _ in range(200):
            clock.now += 1
            advance(5)
    assert capsys.readouterr().err.splitlines() == [
        "simulating: 25/1000, 5.0/s, 3 min 15 s left",
        "simulating: 75/1000, 5.0/s, 3 min 5 s left",
        "simulating: 175/1000, 5.0/s, 2 min 45 s left",
        "simulating: 375/1000, 5.0/s, 2 min 5 s left",
        "simulating: 675/1000, 5.0/s, 1 min 5 s left",
        "simulating: 975/1000, 5.0/s, 5 s left",
        "simulating: 1000/1000, 5.0/s",
    ]


def test_the_last_line_is_not_written_twice(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress.progress_bar("simulating", 2) as advance:
        clock.now += 5
        advance(2)
    assert capsys.readouterr().err == "simulating: 2/2\n"


def test_what_is_done_soon_writes_nothing(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress.ProgressBars() as bars:
        bars("reading", 3, None)
        clock.now += 4.9
        bars.percent("publishing", 1, 2, "7 alerts")
        assert capsys.readouterr().err == ""
        clock.now += 0.1
        bars.percent("publishing", 1, 2, "7 alerts")
    assert capsys.readouterr().err == "publishing: 50 % 7 alerts\n"


def test_a_share_has_the_rate_of_what_is_counted_and_the_time_left(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress.ProgressBars() as bars:
        bars.percent("classifying", 0, 9000, "read", 0)
        clock.now += 4
        bars.percent("classifying", 1000, 9000, "read", 0)
        clock.now += 8
        bars.percent("classifying", 3000, 9000, "read", 200)
    assert capsys.readouterr().err == "classifying: 33 % read, 25/s, 24 s left\n"

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
        f"simulating: {5 * seconds}/1000" for seconds in (5, 15, 35, 75, 135, 195, 200)
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

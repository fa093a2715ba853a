"""What grows is told from what only goes up and down."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

import pytest

from tests.system.faults.resource_growth import Figures, Verdict, growth, slope, verdict

MINUTES = 30
WARM = 300.0


def figures(
    rss: Callable[[float], float] = lambda _: 700.0,
    count: Callable[[float], int] = lambda _: 40,
) -> list[Figures]:
    """Twelve a minute, as functions of the minute."""
    found: list[Figures] = []
    for number in range(MINUTES * 12):
        minute = number / 12
        peak = max([rss(minute), *(one.peak for one in found[-1:])])
        found.append(
            Figures(
                at=minute * 60.0,
                rss=rss(minute),
                peak=peak,
                threads=count(minute),
                files=count(minute),
                tasks=count(minute),
            )
        )
    return found


def judged(found: list[Figures]) -> Verdict:
    return verdict(found, warm=WARM, limit=900.0)


def test_the_slope_is_that_of_the_line() -> None:
    assert slope([(x, 3.0 - 2.0 * x) for x in (0.0, 1.0, 5.0)]) == pytest.approx(-2.0)
    assert slope([(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)]) == pytest.approx(0.0)


def test_what_goes_up_and_down_is_no_growth() -> None:
    chance = Random(1)
    found = judged(
        figures(
            lambda minute: 700.0 + 60.0 * math.sin(minute) + chance.uniform(-20.0, 20.0),
            lambda minute: 40 + int(minute) % 3,
        )
    )
    assert found.complaints == ()
    assert abs(found.slope) < 1.0


def test_the_warm_up_does_not_count() -> None:
    found = judged(figures(lambda m: min(700.0, 140.0 * m), lambda m: min(40, int(8 * m))))
    assert found == judged(figures())


@pytest.mark.parametrize(("steepness", "complaints"), [(0.9, 0), (1.1, 1)])
def test_memory_may_grow_by_less_than_one_mib_a_minute(steepness: float, complaints: int) -> None:
    found = judged(figures(lambda minute: 700.0 + steepness * minute))
    assert found.slope == pytest.approx(steepness)
    assert len(found.complaints) == complaints


def test_a_moment_over_the_limit_is_told_even_in_the_warm_up() -> None:
    found = judged(figures(lambda minute: 950.0 if minute == 1.0 else 700.0))
    assert found.complaints == ("the memory was 950 MiB, and 900 MiB is the limit",)


def test_one_more_thread_every_ten_minutes_is_growth() -> None:
    found = judged(figures(count=lambda minute: 40 + int(minute) // 10))
    assert (found.threads, found.files, found.tasks) == (2, 2, 2)
    assert len(found.complaints) == 2


def test_an_outage_leaves_no_mark_in_the_medians() -> None:
    counts = [40] * 100
    counts[80:95] = [10] * 10 + [90] * 5
    assert growth(counts) == 0

"""Growth is distinguished from fluctuation."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

import pytest

from tests.system.faults.resource_growth import (
    GrowthReport,
    Measurement,
    check_growth,
    growth,
    slope,
)

MINUTES = 30
WARM = 300.0


def measurements(
    rss: Callable[[float], float] = lambda _: 700.0,
    count: Callable[[float], int] = lambda _: 40,
) -> list[Measurement]:
    """Twelve a minute, as functions of the minute."""
    found: list[Measurement] = []
    for number in range(MINUTES * 12):
        minute = number / 12
        peak = max([rss(minute), *(one.peak for one in found[-1:])])
        found.append(
            Measurement(
                at=minute * 60.0,
                rss=rss(minute),
                peak=peak,
                threads=count(minute),
                files=count(minute),
                tasks=count(minute),
            )
        )
    return found


def measured(found: list[Measurement]) -> GrowthReport:
    return check_growth(found, warm=WARM, limit=900.0)


def test_the_slope_is_that_of_the_line() -> None:
    assert slope([(x, 3.0 - 2.0 * x) for x in (0.0, 1.0, 5.0)]) == pytest.approx(-2.0)
    assert slope([(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)]) == pytest.approx(0.0)


def test_fluctuation_is_no_growth() -> None:
    rng = Random(1)
    found = measured(
        measurements(
            lambda minute: 700.0 + 60.0 * math.sin(minute) + rng.uniform(-20.0, 20.0),
            lambda minute: 40 + int(minute) % 3,
        )
    )
    assert found.problems == ()
    assert abs(found.slope) < 1.0


def test_the_warm_up_does_not_count() -> None:
    found = measured(measurements(lambda m: min(700.0, 140.0 * m), lambda m: min(40, int(8 * m))))
    assert found == measured(measurements())


@pytest.mark.parametrize(("mib_per_minute", "problems"), [(0.9, 0), (1.1, 1)])
def test_memory_may_grow_by_less_than_one_mib_a_minute(
    mib_per_minute: float, problems: int
) -> None:
    found = measured(measurements(lambda minute: 700.0 + mib_per_minute * minute))
    assert found.slope == pytest.approx(mib_per_minute)
    assert len(found.problems) == problems


def test_memory_over_the_limit_is_reported_even_in_the_warm_up() -> None:
    found = measured(measurements(lambda minute: 950.0 if minute == 1.0 else 700.0))
    assert found.problems == ("the memory was 950 MiB, and 900 MiB is the limit",)


def test_one_more_thread_every_ten_minutes_is_growth() -> None:
    found = measured(measurements(count=lambda minute: 40 + int(minute) // 10))
    assert (found.threads, found.files, found.tasks) == (2, 2, 2)
    assert len(found.problems) == 2


def test_an_outage_does_not_change_the_medians() -> None:
    counts = [40] * 100
    counts[80:95] = [10] * 10 + [90] * 5
    assert growth(counts) == 0

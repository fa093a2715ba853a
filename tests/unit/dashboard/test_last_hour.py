from __future__ import annotations

import pytest

from stampapp.dashboard.last_hour import HOUR_SECONDS, RollingHour
from stampapp.errors import BadAlert
from stampapp.results.outcome import Outcome, OutcomeKind
from tests.support.alerts import alert, message
from tests.support.fake_classifier import classification

NOW = 1_700_000_000.0
ONE = alert()
SN = Outcome(kind=OutcomeKind.CLASSIFIED, alert=ONE, classification=classification(ONE))
BOGUS = Outcome(kind=OutcomeKind.CLASSIFIED, alert=ONE, classification=classification(ONE, "bogus"))
WITHDRAWN = Outcome(kind=OutcomeKind.RULED_OUT, alert=ONE, classification=classification(ONE, None))
DEAD = Outcome(kind=OutcomeKind.DEAD_LETTERED, error=BadAlert("schema", "no alert"))
CLASSES = ("SN", "bogus", "VS")


@pytest.fixture
def hour() -> RollingHour:
    return RollingHour(CLASSES, NOW)


def test_it_counts_outcomes_classes_and_causes(hour: RollingHour) -> None:
    hour.add([], [SN, SN, BOGUS, WITHDRAWN], NOW)
    hour.add([], [DEAD], NOW + 30)
    summary = hour.summary(NOW + 40)
    assert summary.outcomes == {
        "classified": 3,
        "superseded": 0,
        "ruled_out": 1,
        "dead_lettered": 1,
    }
    assert summary.classes == {"SN": 2, "bogus": 1, "VS": 0}
    assert summary.causes == {"schema": 1}
    assert summary.over_max_detections == 0


def test_it_counts_what_max_detections_superseded(hour: RollingHour) -> None:
    over = Outcome(kind=OutcomeKind.SUPERSEDED, alert=ONE, over_max_detections=True)
    hour.add([], [over, SN, over], NOW)
    hour.add([], [Outcome(kind=OutcomeKind.SUPERSEDED, alert=ONE)], NOW + 30)
    summary = hour.summary(NOW + 40)
    assert (summary.outcomes["superseded"], summary.over_max_detections) == (3, 2)
    assert hour.summary(NOW + HOUR_SECONDS + 60).over_max_detections == 0


def test_what_is_older_than_an_hour_is_dropped(hour: RollingHour) -> None:
    hour.add([], [SN], NOW)
    hour.add([], [BOGUS], NOW + HOUR_SECONDS / 2)
    summary = hour.summary(NOW + HOUR_SECONDS + 60)
    assert summary.classes == {"SN": 0, "bogus": 1, "VS": 0}
    assert sum(summary.rates) * 60 == pytest.approx(1)


def test_the_rate_is_that_of_the_last_minute(hour: RollingHour) -> None:
    for second in range(0, 600, 2):
        hour.add([], [SN] * 10, NOW + second)
    assert hour.summary(NOW + 599).rate == pytest.approx(5.0, rel=0.2)
    assert hour.summary(NOW + 599 + 120).rate == 0


def test_a_new_worker_has_the_rate_since_its_start(hour: RollingHour) -> None:
    hour.add([], [SN] * 100, NOW + 19)
    assert hour.summary(NOW + 20).rate == pytest.approx(5.0)


def test_the_rates_by_minute_end_with_now(hour: RollingHour) -> None:
    hour.add([], [SN] * 60, NOW + 300)
    rates = hour.summary(NOW + 305).rates
    assert len(rates) == 60
    assert rates[-1] == pytest.approx(1.0)
    later = hour.summary(NOW + 300 + 10 * 60).rates
    assert later[-11] == pytest.approx(1.0)
    assert sum(later) == pytest.approx(1.0)


def test_latency_is_that_of_the_latest_messages(hour: RollingHour) -> None:
    assert hour.summary(NOW).latency is None
    ages = [*range(1, 101), -5]
    messages = [message(age, timestamp=round((NOW - age) * 1000)) for age in ages]
    hour.add([*messages, message(0, timestamp=None)], [SN] * 102, NOW)
    summary = hour.summary(NOW)
    assert summary.latency == pytest.approx(50, abs=1)
    assert summary.slowest == pytest.approx(95, abs=1)
    for _ in range(50):
        hour.add([message(0, timestamp=round((NOW - 2) * 1000))] * 100, [SN] * 100, NOW)
    assert hour.summary(NOW).latency == pytest.approx(2)


def test_its_memory_is_bounded(hour: RollingHour) -> None:
    for minute in range(0, 600):
        hour.add([message(0)] * 100, [SN], NOW + 60 * minute)
    assert len(hour._slices) <= 361
    assert len(hour._latencies) == 2000

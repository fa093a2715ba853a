from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampapp.errors import ConfigError
from stampapp.kafka.nightly_topic import NightlyTopic

NIGHTLY = NightlyTopic(topic_format="stamps_%s")
TICK = timedelta(microseconds=1)
days = st.datetimes(datetime(2018, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(
    lambda instant: instant.replace(hour=0, minute=0, second=0, microsecond=0)
)
hours = st.integers(0, 23)
instants = st.datetimes(datetime(2018, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


def at(hour: int) -> NightlyTopic:
    return NightlyTopic(topic_format="t_%s", change_hour=hour)


@pytest.mark.parametrize(
    ("instant", "topic"),
    [
        ("2026-03-01T21:59:59.999999+00:00", "stamps_20260301"),
        ("2026-03-01T22:00:00+00:00", "stamps_20260302"),
        ("2026-03-01T23:59:59.999999+00:00", "stamps_20260302"),
        ("2026-03-02T00:00:00+00:00", "stamps_20260302"),
        ("2026-03-02T21:59:59+00:00", "stamps_20260302"),
        ("2024-02-28T22:00:00+00:00", "stamps_20240229"),
        ("2026-12-31T22:00:00+00:00", "stamps_20270101"),
        ("2026-03-01T19:00:00-03:00", "stamps_20260302"),
        ("2026-03-02T00:30:00+03:00", "stamps_20260301"),
    ],
)
def test_name_at_an_instant(instant: str, topic: str) -> None:
    assert NIGHTLY.name_at(datetime.fromisoformat(instant)) == topic


@given(days, st.integers(1, 23))
def test_name_does_not_change_at_midnight(day: datetime, hour: int) -> None:
    topic = at(hour)
    assert topic.name_at(day - TICK) == topic.name_at(day) == f"t_{day:%Y%m%d}"


@given(days, hours)
def test_name_changes_at_the_change_hour(day: datetime, hour: int) -> None:
    topic, change = at(hour), day + timedelta(hours=hour)
    assert topic.name_at(change - TICK) == f"t_{day:%Y%m%d}"
    assert topic.name_at(change) == f"t_{day + timedelta(days=1):%Y%m%d}"


@given(days, hours, st.integers(0, 86399))
def test_name_changes_once_a_day(day: datetime, hour: int, second: int) -> None:
    begin = day + timedelta(seconds=second)
    names = [at(hour).name_at(begin + timedelta(minutes=15 * n)) for n in range(96)]
    assert sum(one != other for one, other in pairwise(names)) <= 1
    assert at(hour).name_at(begin + timedelta(days=1)) > names[0]


@given(days, hours, st.integers(-14, 14))
def test_name_does_not_depend_on_the_time_zone(day: datetime, hour: int, offset: int) -> None:
    instant = day + timedelta(hours=20)
    elsewhere = instant.astimezone(timezone(timedelta(hours=offset)))
    assert at(hour).name_at(elsewhere) == at(hour).name_at(instant)


def test_format_without_a_date_is_a_fixed_name() -> None:
    fixed = NightlyTopic(topic_format="stamps")
    assert {fixed.name_at(datetime(2026, 3, day, 22, tzinfo=UTC)) for day in (1, 2)} == {"stamps"}


def test_custom_date_format() -> None:
    topic = NightlyTopic(topic_format="a.%s.b", date_format="%Y-%m-%d")
    assert topic.name_at(datetime(2026, 3, 1, tzinfo=UTC)) == "a.2026-03-01.b"


@pytest.mark.parametrize(("days_kept", "expected"), [(8.0, 691_200_000), (0.5, 43_200_000)])
def test_retention_in_milliseconds(days_kept: float, expected: int) -> None:
    assert NightlyTopic(topic_format="t", retention_days=days_kept).retention_ms == expected


@pytest.mark.parametrize(
    ("settings", "key", "remedy"),
    [
        ({"topic_format": "%s_%s"}, "PRODUCER_TOPIC_FORMAT", "may have one %s"),
        ({"topic_format": "t_%d"}, "PRODUCER_TOPIC_FORMAT", "no other %"),
        ({"topic_format": "t %s"}, "PRODUCER_TOPIC_FORMAT", "letters, digits"),
        ({"topic_format": "t" * 250}, "PRODUCER_TOPIC_FORMAT", "letters, digits"),
        ({"topic_format": "%s", "date_format": "%d/%m"}, "PRODUCER_DATE_FORMAT", "letters, digits"),
        ({"topic_format": "%s", "change_hour": 24}, "PRODUCER_CHANGE_HOUR", "0 to 23"),
        ({"topic_format": "%s", "change_hour": -1}, "PRODUCER_CHANGE_HOUR", "0 to 23"),
    ],
)
def test_invalid_setting_is_reported_with_a_remedy(
    settings: dict[str, Any], key: str, remedy: str
) -> None:
    with pytest.raises(ConfigError, match=key) as error:
        NightlyTopic(**settings)
    assert remedy in str(error.value)


@pytest.mark.parametrize(
    ("topic", "is_nights"),
    [
        ("stamps_20260301", True),
        ("stamps_20261301", False),
        ("stamps_2026031", False),
        ("stamps_20260301_old", False),
        ("stamps_atlas_20260301", False),
        ("stamps_", False),
        ("20260301", False),
    ],
)
def test_matches_names_of_nights(topic: str, is_nights: bool) -> None:
    assert NightlyTopic(topic_format="stamps_%s").matches(topic) is is_nights


def test_matches_a_fixed_name() -> None:
    fixed = NightlyTopic(topic_format="stamps")
    assert fixed.matches("stamps")
    assert not fixed.matches("stamps_20260301")


@given(instants)
def test_matches_every_name_it_gives(instant: datetime) -> None:
    for nightly in (NightlyTopic(topic_format="a_%s_b"), NightlyTopic(topic_format="%s")):
        assert nightly.matches(nightly.name_at(instant))


@given(instants, st.integers(0, 300))
def test_last_write_is_at_most_a_day_late(now: datetime, days: int) -> None:
    nightly = NightlyTopic(topic_format="stamps_%s")
    some = now - timedelta(days=days)
    over = nightly.last_write_by(nightly.name_at(some), now)
    assert some <= over <= now
    assert over == now or nightly.name_at(over) != nightly.name_at(some)


def test_last_write_to_a_fixed_topic_is_now() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert NightlyTopic(topic_format="stamps").last_write_by("stamps", now) == now


def test_expired_before_the_last_removed_night() -> None:
    nightly = NightlyTopic(topic_format="stamps_%s", retention_days=2)
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)
    # Nights within the retention do not count, nor those before an existing topic.
    assert nightly.expired_before({"stamps_20260307", "stamps_20260308"}, now) == datetime(
        2026, 3, 7, 12, tzinfo=UTC
    )
    assert nightly.expired_before(set(), now) == datetime(2026, 3, 9, 12, tzinfo=UTC)
    assert NightlyTopic(topic_format="stamps").expired_before({"stamps"}, now) is None


@given(instants, hours)
def test_next_change_is_the_first_change_of_the_name(now: datetime, hour: int) -> None:
    topic = at(hour)
    change = topic.next_change(now)
    assert change
    assert now < change <= now + timedelta(days=1)
    assert topic.name_at(change - TICK) == topic.name_at(now) != topic.name_at(change)


def test_next_change_may_be_a_month_ahead_or_never() -> None:
    monthly = NightlyTopic(topic_format="t_%s", date_format="%Y%m")
    now = datetime(2026, 3, 1, 23, tzinfo=UTC)
    assert monthly.next_change(now) == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert NightlyTopic(topic_format="fixed").next_change(now) is None


def test_selects_topics_of_nights_latest_first() -> None:
    topics = ["stamps_20260301", "other", "stamps_20260228", "stamps_20260303", "stamps_x"]
    now = datetime(2026, 3, 1, 23, tzinfo=UTC)
    assert NIGHTLY.select_latest_first(topics, now) == ["stamps_20260301", "stamps_20260228"]
    odd = NightlyTopic(topic_format="t_%s", date_format="%d%m%Y")
    assert odd.select_latest_first(["t_28022026", "t_01032026"], now) == [
        "t_01032026",
        "t_28022026",
    ]
    assert NightlyTopic(topic_format="fixed").select_latest_first(["fixed"], now) == ["fixed"]


@given(instants, hours)
def test_a_night_begins_when_its_topic_does(instant: datetime, hour: int) -> None:
    nightly = at(hour)
    begin = nightly.night_begin(nightly.name_at(instant).removeprefix("t_"))
    assert begin is not None
    assert begin <= instant < begin + timedelta(days=1)
    assert nightly.name_at(begin) == nightly.name_at(instant) != nightly.name_at(begin - TICK)


@pytest.mark.parametrize("text", ["", "2026030", "20261301", "2026-03-01", "latest", "00010101"])
def test_what_is_no_date_of_the_format_is_no_night(text: str) -> None:
    assert NIGHTLY.night_begin(text) is None
    assert NightlyTopic(topic_format="t_%s", date_format="%m%d").night_begin("0301") is None

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampapp import times

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T12:00:00Z",
        "2026-03-01T12:00",
        "2026-03-01 12:00:00.000",
        "2026-03-01T09:00-03:00",
        "20260301T120000",
    ],
)
def test_a_time_without_a_zone_is_utc(text: str) -> None:
    assert times.parse_iso(text) == NOON


def test_a_date_is_its_midnight() -> None:
    assert times.parse_iso("2026-03-01") == NOON - timedelta(hours=12)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "1772366400"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        times.parse_iso(text)


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)))
def test_milliseconds_are_converted_both_ways(moment: datetime) -> None:
    instant = moment.replace(tzinfo=UTC)
    assert abs(times.from_unix_ms(times.to_unix_ms(instant)) - instant) <= timedelta(milliseconds=1)
    assert times.parse_iso(times.format_iso(instant)) == instant.replace(microsecond=0)


def test_text_is_utc() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=-3)))
    assert times.format_iso(there) == "2026-03-01T12:00:00Z"


def test_a_modified_julian_date_is_converted_both_ways() -> None:
    instant = datetime(2018, 1, 1, 12, tzinfo=UTC)
    assert times.mjd_to_unix(58119.5) == instant.timestamp()
    assert times.unix_to_mjd(instant.timestamp()) == 58119.5


def test_a_modified_julian_date_out_of_range_is_none() -> None:
    assert times.from_mjd(58270.5) == datetime(2018, 6, 1, 12, tzinfo=UTC)
    assert times.from_mjd(1e300) is None
    assert times.from_mjd(-1e9) is None


def test_atomic_time_is_37_seconds_ahead_of_utc() -> None:
    assert times.utc_to_tai(61000.0) == 61000 + 37 / 86400
    assert times.tai_to_utc(times.utc_to_tai(61000.25)) == 61000.25

"""Convert between datetimes, ISO 8601, Kafka's milliseconds and MJD, all in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_MJD_ZERO = datetime(1858, 11, 17, tzinfo=UTC)
_MJD_OF_1970 = 40587.0
_DAY = 86400.0
# Seconds, since 2017; no leap second has been added after that.
_TAI_MINUS_UTC = 37.0


def parse_iso(text: str) -> datetime:
    """Parse ISO 8601; without a time zone it is UTC. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def to_unix_ms(instant: datetime) -> int:
    """Return milliseconds since 1970."""
    return round(instant.timestamp() * 1000)


def from_unix_ms(milliseconds: int) -> datetime:
    """Return the datetime of milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def format_iso(instant: datetime) -> str:
    """Format as ISO 8601, to the second."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def from_mjd(date: float) -> datetime | None:
    """Return the datetime of a modified Julian date, or None if it is out of range."""
    try:
        return _MJD_ZERO + timedelta(days=date)
    except OverflowError:
        return None


def mjd_to_unix(date: float) -> float:
    """Return the seconds since 1970 of a modified Julian date."""
    return (date - _MJD_OF_1970) * _DAY


def unix_to_mjd(seconds: float) -> float:
    """Return the modified Julian date of seconds since 1970."""
    return _MJD_OF_1970 + seconds / _DAY


def tai_to_utc(mjd: float) -> float:
    """Return the modified Julian date in UTC of one in TAI, from 2017 on."""
    return mjd - _TAI_MINUS_UTC / _DAY


def utc_to_tai(mjd: float) -> float:
    """Return the modified Julian date in TAI of one in UTC, from 2017 on."""
    return mjd + _TAI_MINUS_UTC / _DAY

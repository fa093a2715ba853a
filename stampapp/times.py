"""Instants as people write them, as Kafka counts them, and as Python has them. Always UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_MJD_ZERO = datetime(1858, 11, 17, tzinfo=UTC)
_MJD_OF_1970 = 40587.0
_DAY = 86400.0


def parse_iso(text: str) -> datetime:
    """Return the instant of an ISO 8601 text; without a zone it is UTC. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def to_unix_ms(instant: datetime) -> int:
    """Return an instant in milliseconds since 1970."""
    return round(instant.timestamp() * 1000)


def from_unix_ms(milliseconds: int) -> datetime:
    """Return the instant of so many milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def format_iso(instant: datetime) -> str:
    """Return an instant to the second, as `parse_iso` takes it."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def from_mjd(date: float) -> datetime | None:
    """Return the instant of a modified Julian date (UTC); None where no calendar has it."""
    try:
        return _MJD_ZERO + timedelta(days=date)
    except OverflowError:
        return None


def mjd_to_unix(date: float) -> float:
    """Return the seconds since 1970 of a modified Julian date (UTC)."""
    return (date - _MJD_OF_1970) * _DAY


def unix_to_mjd(seconds: float) -> float:
    """Return the modified Julian date (UTC) of so many seconds since 1970."""
    return _MJD_OF_1970 + seconds / _DAY

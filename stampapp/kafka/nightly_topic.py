"""The output topic, whose name changes every day."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stampapp.errors import ConfigError

# Nights to search back and ahead: a year and a month.
_MAX_NIGHTS = 400
_TOPIC_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")
TOPIC_RULE = "a Kafka topic has 1 to 249 letters, digits, '.', '_' and '-', and is not '.' or '..'"


@dataclass(frozen=True, kw_only=True, slots=True)
class NightlyTopic:
    """The name of the output topic: it changes once a day, at `change_hour` (UTC).

    `topic_format` has one `%s` for the date, or none for a fixed name.
    """

    topic_format: str
    date_format: str = "%Y%m%d"
    change_hour: int = 22
    retention_days: float = 8.0

    def __post_init__(self) -> None:
        if self.topic_format.count("%s") > 1 or "%" in self.topic_format.replace("%s", ""):
            raise ConfigError(
                f"PRODUCER_TOPIC_FORMAT is {self.topic_format!r}: it may have one %s, for the date,"
                " and no other %"
            )
        if not 0 <= self.change_hour <= 23:
            raise ConfigError(f"PRODUCER_CHANGE_HOUR is {self.change_hour}: 0 to 23 is expected")
        example = self.name_at(datetime(2020, 1, 1, tzinfo=UTC))
        if not is_legal_topic(example):
            raise ConfigError(
                f"PRODUCER_TOPIC_FORMAT and PRODUCER_DATE_FORMAT give {example!r}: {TOPIC_RULE}"
            )

    @property
    def retention_ms(self) -> int:
        """How long Kafka keeps the messages, in ms."""
        return int(self.retention_days * 86_400_000)

    def matches(self, topic: str) -> bool:
        """Return whether the name has this format, so that it may be the topic of a night."""
        return is_dated_name(topic, self.topic_format, self.date_format)

    def name_at(self, instant: datetime) -> str:
        """Return the topic for messages published at this instant (any time zone)."""
        utc = instant.astimezone(UTC)
        night = utc + timedelta(days=1) if utc.hour >= self.change_hour else utc
        return dated_name(self.topic_format, self.date_format, night)

    def night_begin(self, date: str) -> datetime | None:
        """Return when the night of this date begins (UTC), None if the text is no such date."""
        if not _is_date(date, self.date_format):
            return None
        night = datetime.strptime(date, self.date_format).replace(tzinfo=UTC)
        if night.year < 1970:
            # strptime takes 1900 for a format without the year.
            return None
        return night - timedelta(days=1) + timedelta(hours=self.change_hour)

    def next_change(self, now: datetime) -> datetime | None:
        """Return the next instant (UTC) at which the name changes, None if it never does."""
        today = now.astimezone(UTC).replace(
            hour=self.change_hour, minute=0, second=0, microsecond=0
        )
        changes = (today + timedelta(days=days) for days in range(_MAX_NIGHTS))
        name = self.name_at(now)
        return next((at for at in changes if at > now and self.name_at(at) != name), None)

    def select_latest_first(self, topics: Collection[str], now: datetime) -> list[str]:
        """Return those of the topics that belong to nights up to this one, the latest first."""
        days = (self.name_at(now - timedelta(days=days)) for days in range(_MAX_NIGHTS))
        return [name for name in dict.fromkeys(days) if name in topics]

    def last_write_by(self, topic: str, now: datetime) -> datetime:
        """Return an instant after which nothing is published to the topic, at most now.

        It may be up to a day late.
        """
        if "%s" not in self.topic_format:
            return now
        days = (now - timedelta(days=days) for days in range(_MAX_NIGHTS))
        last = next((day for day in days if self.name_at(day) == topic), now)
        return min(now, last + timedelta(days=1))

    def expired_before(self, topics: Collection[str], now: datetime) -> datetime | None:
        """Return an instant before which the topic of a night may have been removed, None without.

        That is a night whose retention is over and whose topic is not among `topics`.
        """
        expired = now - timedelta(days=self.retention_days)
        days = (expired - timedelta(days=days) for days in range(_MAX_NIGHTS))
        absent = next((day for day in days if self.name_at(day) not in topics), None)
        return absent and absent + timedelta(days=1)


def is_legal_topic(topic: str) -> bool:
    """Return whether Kafka accepts the name for a topic."""
    return bool(_TOPIC_NAME.fullmatch(topic)) and topic not in (".", "..")


def dated_name(topic_format: str, date_format: str, day: datetime) -> str:
    """Return the name with the date of a day in place of `%s`."""
    return topic_format.replace("%s", day.strftime(date_format))


def is_dated_name(topic: str, topic_format: str, date_format: str) -> bool:
    """Return whether a name has this format, with any date in place of `%s`."""
    if "%s" not in topic_format:
        return topic == topic_format
    before, after = topic_format.split("%s")
    date = topic.removeprefix(before).removesuffix(after)
    return topic == f"{before}{date}{after}" and _is_date(date, date_format)


def _is_date(text: str, date_format: str) -> bool:
    try:
        # strptime accepts fewer digits than strftime writes.
        parsed = datetime.strptime(text, date_format).replace(tzinfo=UTC)
    except ValueError:
        return False
    return parsed.strftime(date_format) == text

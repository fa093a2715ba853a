"""Which topics a worker reads: by name, by pattern or by date."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

from stampapp.errors import ConfigError
from stampapp.kafka.nightly_topic import TOPIC_RULE, dated_name, is_dated_name, is_legal_topic

# Not within braces, where a comma is part of a regular expression: {2,3}.
_COMMA = re.compile(r",(?![^{]*\})")


@dataclass(frozen=True, kw_only=True, slots=True)
class InputTopics:
    """Topics by name, by pattern or by date; those that match may come and go.

    An entry that starts with `^` is a regular expression, which matches the beginning of a name.
    One with `%s` stands for the topics of all dates.
    """

    entries: tuple[str, ...]
    date_format: str = "%Y%m%d"

    def __post_init__(self) -> None:
        for entry in self.entries:
            _check_entry(entry, self.date_format)

    def __str__(self) -> str:
        return ",".join(self.entries)

    @property
    def dynamic(self) -> bool:
        """Whether which topics are read depends on those that exist."""
        return not all(map(is_legal_topic, self.entries))

    @property
    def named(self) -> tuple[str, ...]:
        """The topics that are given by name."""
        return tuple(filter(is_legal_topic, self.entries))

    def match(self, topic: str) -> bool:
        """Return whether a topic is one of these."""
        return any(_matches(entry, topic, self.date_format) for entry in self.entries)

    def expand(self, entry: str, present: Iterable[str]) -> tuple[str, ...]:
        """Return the present topics that an entry stands for."""
        return tuple(sorted(one for one in present if _matches(entry, one, self.date_format)))

    def select(self, present: Collection[str]) -> tuple[str, ...]:
        """Return the present topics that are read, in the order of the entries."""
        found = (self.expand(entry, present) for entry in self.entries)
        return tuple(dict.fromkeys(chain.from_iterable(found)))

    def unmatched(self, present: Collection[str]) -> tuple[str, ...]:
        """Return the entries for which there is no topic."""
        return tuple(entry for entry in self.entries if not self.expand(entry, present))

    def publish_to(self, now: datetime) -> str:
        """Return the topic to which a command publishes alerts. Raises ConfigError."""
        for entry in self.entries:
            if is_legal_topic(entry):
                return entry
            if not entry.startswith("^"):
                return dated_name(entry, self.date_format, now)
        raise ConfigError(
            f"CONSUMER_TOPICS is {str(self)!r}, which names no topic to publish to: set it to the"
            " name of one for this command"
        )


def parse_entries(text: str) -> tuple[str, ...]:
    """Split a comma-separated list of names and patterns. Raises ValueError."""
    found = tuple(part.strip() for part in _COMMA.split(text) if part.strip())
    if not found:
        raise ValueError("a comma-separated list is expected")
    return found


def _matches(entry: str, topic: str, date_format: str) -> bool:
    if entry.startswith("^"):
        # Kafka's own topics have names with two underscores.
        return not topic.startswith("__") and re.match(entry, topic) is not None
    return is_dated_name(topic, entry, date_format)


def _check_entry(entry: str, date_format: str) -> None:
    if entry.startswith("^"):
        try:
            re.compile(entry)
        except re.error as error:
            raise ConfigError(
                f"CONSUMER_TOPICS: {entry!r} is not a regular expression: {error}"
            ) from error
        return
    if entry.count("%s") > 1 or "%" in entry.replace("%s", ""):
        raise ConfigError(
            f"CONSUMER_TOPICS: {entry!r} may have one %s, for the date, and no other %"
        )
    example = dated_name(entry, date_format, datetime(2020, 1, 1, tzinfo=UTC))
    if not is_legal_topic(example):
        given = f" (of a date: {example!r})" if "%s" in entry else ""
        raise ConfigError(f"CONSUMER_TOPICS: {entry!r}{given} is no topic: {TOPIC_RULE}")

"""A bounded sample of recently classified and dead-lettered alerts.

Alerts are kept with their stamps as they came, 20 to 60 kB each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stampapp.alerts.alert import Alert
from stampapp.dashboard.last_hour import RollingHour
from stampapp.kafka.message import Message, TopicPartitionOffset
from stampapp.results.class_names import shown_name
from stampapp.results.outcome import Classification, Outcome, OutcomeKind

# How many alerts are kept of each class and of those ruled out, and how many dead letters.
PER_CLASS = 12
MAX_DEAD_LETTERS = 30
# How many alerts of each class are taken from one batch.
_PER_CLASS_AND_BATCH = 3
RULED_OUT_LABEL = "withdrawn"


@dataclass(frozen=True, kw_only=True, slots=True)
class RecentAlert:
    """A classified alert; `number` counts up, `confirmed_at` is in seconds since 1970."""

    number: int
    confirmed_at: float
    location: TopicPartitionOffset
    alert: Alert
    classification: Classification

    @property
    def label(self) -> str:
        """The class, or RULED_OUT_LABEL if a rule vetoed the result."""
        return shown_name(self.classification.class_name or RULED_OUT_LABEL)


@dataclass(frozen=True, kw_only=True, slots=True)
class RecentDeadLetter:
    """A message that could not be classified, and why."""

    number: int
    confirmed_at: float
    location: TopicPartitionOffset
    aid: str | None
    cause: str
    message: str


class RecentAlerts:
    """Keeps the latest alerts of every class, and the latest dead letters."""

    def __init__(self) -> None:
        self._number = 0
        self._by_class: dict[str, deque[RecentAlert]] = {}
        self._dead: deque[RecentDeadLetter] = deque(maxlen=MAX_DEAD_LETTERS)

    def add(self, messages: Sequence[Message], outcomes: Sequence[Outcome], now: float) -> None:
        """Add a sample of a confirmed batch."""
        taken: dict[str, int] = {}
        # In reverse, so that the latest of a batch are taken.
        for message, outcome in reversed(list(zip(messages, outcomes, strict=True))):
            label = _label(outcome)
            taken[label] = taken.get(label, 0) + 1
            if outcome.error and taken[label] <= MAX_DEAD_LETTERS:
                self._add_dead_letter(message, outcome, now)
            elif label and taken[label] <= _PER_CLASS_AND_BATCH:
                self._add_alert(label, message, outcome, now)

    def alerts(self) -> list[RecentAlert]:
        """Return the alerts, the latest first."""
        return sorted(self._all(), key=lambda one: -one.number)

    def dead_letters(self) -> list[RecentDeadLetter]:
        """Return the dead letters, the latest first."""
        return sorted(self._dead, key=lambda one: -one.number)

    def _all(self) -> Iterator[RecentAlert]:
        for line in self._by_class.values():
            yield from line

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _add_alert(self, label: str, message: Message, outcome: Outcome, now: float) -> None:
        if outcome.alert and outcome.classification:
            self._by_class.setdefault(label, deque(maxlen=PER_CLASS)).append(
                RecentAlert(
                    number=self._next(),
                    confirmed_at=now,
                    location=message.location,
                    alert=outcome.alert,
                    classification=outcome.classification,
                )
            )

    def _add_dead_letter(self, message: Message, outcome: Outcome, now: float) -> None:
        if outcome.error:
            self._dead.append(
                RecentDeadLetter(
                    number=self._next(),
                    confirmed_at=now,
                    location=message.location,
                    aid=outcome.alert.aid if outcome.alert else None,
                    cause=outcome.error.cause,
                    message=str(outcome.error),
                )
            )


def _label(outcome: Outcome) -> str:
    """Return the label under which an outcome is kept; "" for superseded ones."""
    if outcome.kind is OutcomeKind.SUPERSEDED:
        return ""
    if outcome.error:
        return outcome.kind.value
    found = outcome.classification
    return (found.class_name or RULED_OUT_LABEL) if found else ""


class DashboardState:
    """What the page shows: the last hour and a sample of recent alerts."""

    def __init__(self, classes: Sequence[str], now: float) -> None:
        self.classes = tuple(classes)
        self.last_hour = RollingHour(classes, now)
        self.recent = RecentAlerts()

    def add(self, messages: Sequence[Message], outcomes: Sequence[Outcome], now: float) -> None:
        """Add a confirmed batch."""
        self.last_hour.add(messages, outcomes, now)
        self.recent.add(messages, outcomes, now)

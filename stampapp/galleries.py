"""What a worker remembers for its page: the last hour in figures, and a sample of its alerts."""

from __future__ import annotations

from collections.abc import Sequence

from stampapp.alerts.alert import Message, Outcome
from stampapp.dashboard.last_hour import LastHour
from stampapp.dashboard.recent_alerts import Showcase


class Gallery:
    """Told of each confirmed batch; its memory is bounded."""

    def __init__(self, classes: Sequence[str], now: float) -> None:
        self.classes = tuple(classes)
        self.hour = LastHour(classes, now)
        self.showcase = Showcase()

    def add(self, messages: Sequence[Message], outcomes: Sequence[Outcome], now: float) -> None:
        """Remember a batch."""
        self.hour.add(messages, outcomes, now)
        self.showcase.add(messages, outcomes, now)

"""What a worker remembers for its page: the last hour in figures, and a sample of its alerts."""

from __future__ import annotations

from collections.abc import Sequence

from stampapp.hours import LastHour
from stampapp.records import Message, Outcome
from stampapp.showcases import Showcase


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

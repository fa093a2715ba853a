"""A batch of consumed messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from stampapp.kafka.message import Message
from stampapp.results.outcome import Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Consumed messages with one outcome each.

    `received` is when the first message arrived (UTC); `durations` are seconds by stage.
    `is_wanted` returns False once a rebalance has released the partitions of the messages.
    """

    messages: tuple[Message, ...]
    outcomes: tuple[Outcome, ...]
    received: datetime
    durations: Mapping[str, float] = field(default_factory=dict)
    is_wanted: Callable[[], bool] = field(default=lambda: True, compare=False)

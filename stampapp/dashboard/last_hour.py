"""Rolling counts and latencies of the last hour, in bounded memory.

Times are seconds since 1970 and must not decrease from call to call.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from stampapp.kafka.message import Message
from stampapp.results.outcome import Outcome, OutcomeKind, count_over_max_detections

HOUR_SECONDS = 3600.0
SLICE_SECONDS = 10.0
# Seconds over which the current rate is averaged.
RATE_WINDOW = 60.0
# Messages whose latencies are kept.
_LATENCIES = 2000


@dataclass(slots=True)
class _Slice:
    """Counts of ten seconds."""

    start: float
    outcomes: Counter[OutcomeKind] = field(default_factory=Counter)
    over_max_detections: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, kw_only=True, slots=True)
class HourSummary:
    """Figures of the last hour.

    `over_max_detections` of the superseded alerts are over MAX_DETECTIONS.
    `rate` is in messages per second; `rates` are the same by minute, the oldest first. `latency` is
    the median and `slowest` the 95th percentile of the seconds from a message's Kafka timestamp to
    its confirmation, over the latest messages; None if none had a timestamp.
    """

    rate: float
    rates: tuple[float, ...]
    outcomes: dict[str, int]
    over_max_detections: int
    classes: dict[str, int]
    causes: dict[str, int]
    latency: float | None
    slowest: float | None


class RollingHour:
    """Counts confirmed batches and drops what is older than an hour."""

    def __init__(self, classes: Sequence[str], now: float) -> None:
        self._names = tuple(classes)
        self._started = now
        self._slices: deque[_Slice] = deque(maxlen=int(HOUR_SECONDS / SLICE_SECONDS) + 1)
        self._latencies: deque[float] = deque(maxlen=_LATENCIES)

    def add(self, messages: Iterable[Message], outcomes: Sequence[Outcome], now: float) -> None:
        """Count a confirmed batch."""
        current = self._current(now)
        current.outcomes.update(one.kind for one in outcomes)
        current.over_max_detections += count_over_max_detections(outcomes)
        current.causes.update(one.error.cause for one in outcomes if one.error)
        current.classes.update(
            one.classification.class_name
            for one in outcomes
            if one.classification and one.classification.class_name
        )
        stamps = (one.timestamp for one in messages if one.timestamp is not None)
        self._latencies.extend(max(0.0, now - stamp / 1000) for stamp in stamps)

    def summary(self, now: float) -> HourSummary:
        """Return the figures of the last hour."""
        recent = [one for one in self._slices if one.start > now - HOUR_SECONDS]
        outcomes = sum((one.outcomes for one in recent), Counter[OutcomeKind]())
        classes = sum((one.classes for one in recent), Counter[str]())
        causes = sum((one.causes for one in recent), Counter[str]())
        ordered = sorted(self._latencies)
        return HourSummary(
            rate=self._rate(now),
            rates=_by_minute(recent, now),
            outcomes={kind.value: outcomes[kind] for kind in OutcomeKind},
            over_max_detections=sum(one.over_max_detections for one in recent),
            classes={name: classes[name] for name in self._names},
            causes=dict(causes.most_common()),
            latency=ordered[len(ordered) // 2] if ordered else None,
            slowest=ordered[int(0.95 * len(ordered))] if ordered else None,
        )

    def _current(self, now: float) -> _Slice:
        start = now - now % SLICE_SECONDS
        if not self._slices or self._slices[-1].start < start:
            self._slices.append(_Slice(start))
        return self._slices[-1]

    def _rate(self, now: float) -> float:
        since = max(self._started, now - RATE_WINDOW)
        count = sum(
            one.outcomes.total() for one in self._slices if one.start + SLICE_SECONDS > since
        )
        return count / max(SLICE_SECONDS, now - since)


def _by_minute(recent: Iterable[_Slice], now: float) -> tuple[float, ...]:
    minutes = [0.0] * 60
    for one in recent:
        age = int((now - one.start) // 60)
        if 0 <= age < len(minutes):
            minutes[-1 - age] += one.outcomes.total() / 60
    return tuple(minutes)

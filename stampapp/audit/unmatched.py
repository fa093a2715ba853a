"""Consumed messages that nothing names: which are ruled out, which are missing. Pure.

A rule that withdraws a result leaves no trace where a batch has nothing to publish. But it decides
by the message alone: judged again, the message shows that there was nothing to publish.
"""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stampapp import times
from stampapp.alerts import packets
from stampapp.alerts.alert import Alert
from stampapp.audit.offset_marks import PublishedTopic, Seen, missing_from
from stampapp.classifiers.batch import attempt
from stampapp.kafka.message import Message, Partition, TopicPartitionOffset
from stampapp.results.outcome import Outcome, OutcomeKind

# Clocks of who publishes alerts, of the worker and of the brokers may differ by so much, in ms.
MAX_CLOCK_SKEW_MS = 600_000


@dataclass(frozen=True, kw_only=True, slots=True)
class UnmatchedMessage:
    """A consumed message that nothing accounts for.

    `instant` is Kafka's timestamp (ms since 1970), `mjd` that of the alert in days.
    `outcome_kind` is what the message comes to by itself, None where it was not classified.
    """

    location: TopicPartitionOffset
    instant: int
    seen: Seen
    aid: str | None
    candid: str | None
    mjd: float
    outcome_kind: OutcomeKind | None = None
    cause: str | None = None

    @property
    def expected_in(self) -> tuple[PublishedTopic, ...]:
        """Where the message should be, and is not."""
        if self.outcome_kind is OutcomeKind.DEAD_LETTERED:
            return (PublishedTopic.DEAD_LETTERS,)
        return missing_from(self.seen)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportEntry:
    """A message that is missing, or that cannot be judged, and why. `instant` in ms since 1970."""

    location: TopicPartitionOffset
    instant: int
    aid: str | None
    candid: str | None
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UnmatchedReport:
    """What the messages are: missing, beyond what the topics go back to, or beyond judgement."""

    missing: tuple[ReportEntry, ...]
    removed: tuple[ReportEntry, ...]
    undecidable: tuple[ReportEntry, ...]


def unmatched_message(message: Message, seen: Seen, outcome: Outcome | None) -> UnmatchedMessage:
    """Return what is known of a message; `outcome` is what it is judged to be, if it is."""
    decoded = outcome.alert if outcome else attempt(packets.decode_alert, message.value)
    alert = decoded if isinstance(decoded, Alert) else None
    return UnmatchedMessage(
        location=message.location,
        instant=message.timestamp or 0,
        seen=seen,
        aid=alert.aid if alert else None,
        candid=alert.candid if alert else None,
        mjd=alert.mjd if alert else 0.0,
        outcome_kind=outcome.kind if outcome else None,
        cause=outcome.error.cause if outcome and outcome.error else None,
    )


def sort_unmatched(
    messages: Sequence[UnmatchedMessage],
    ruled_out: Sequence[UnmatchedMessage],
    complete_since: Mapping[PublishedTopic, int],
) -> UnmatchedReport:
    """Tell what is missing from what cannot be judged.

    `ruled_out` are those that a rule withdraws, `messages` the others, `complete_since` the instant
    (ms since 1970) since when a witness is whole.
    """
    runs = UnnamedRuns([*messages, *ruled_out], ruled_out)
    found: dict[str, list[ReportEntry]] = {"missing": [], "removed": [], "undecidable": []}
    for one in messages:
        removed, doubt = _explain_removal(one, complete_since), runs.explain_doubt(one)
        kind = "removed" if removed else "undecidable" if doubt else "missing"
        found[kind].append(_entry(one, removed or doubt or _explain_missing(one)))
    return UnmatchedReport(**{kind: tuple(findings) for kind, findings in found.items()})


class UnnamedRuns:
    """Knows the offsets of which nothing is said, and who in them can have superseded another.

    A batch that has nothing to publish names nobody. What it took of a partition lies together.
    """

    def __init__(
        self, unnamed: Iterable[UnmatchedMessage], ruled_out: Iterable[UnmatchedMessage]
    ) -> None:
        self._ruled_out: dict[str | None, list[UnmatchedMessage]] = defaultdict(list)
        for one in ruled_out:
            self._ruled_out[one.aid].append(one)
        self._offsets: dict[Partition, list[int]] = defaultdict(list)
        for one in unnamed:
            if not one.seen:
                self._offsets[_partition(one)].append(one.location.offset)
        for offsets in self._offsets.values():
            offsets.sort()

    def explain_doubt(self, one: UnmatchedMessage) -> str | None:
        """Say that the message was superseded if it shared a batch with one that is ruled_out."""
        if one.outcome_kind is not OutcomeKind.CLASSIFIED:
            return None
        for other in self._ruled_out[one.aid]:
            if other.mjd <= one.mjd and self._together(one, other):
                return (
                    f"superseded if it was in one batch with {other.location}, an earlier alert of"
                    " its object that a rule withdraws; nothing says whether it was"
                )
        return None

    def _together(self, one: UnmatchedMessage, other: UnmatchedMessage) -> bool:
        if _partition(one) != _partition(other):
            return False
        first, last = sorted((one.location.offset, other.location.offset))
        offsets = self._offsets[_partition(one)]
        return bisect(offsets, last) - bisect(offsets, first) == last - first


def _partition(one: UnmatchedMessage) -> Partition:
    return (one.location.topic, one.location.partition)


def _entry(one: UnmatchedMessage, why: str) -> ReportEntry:
    return ReportEntry(
        location=one.location, instant=one.instant, aid=one.aid, candid=one.candid, why=why
    )


def _explain_removal(
    one: UnmatchedMessage, complete_since: Mapping[PublishedTopic, int]
) -> str | None:
    """Say that everything that could name the message may have been removed since."""
    starts = [complete_since.get(topic_kind, 0) for topic_kind in one.expected_in]
    if any(instant <= one.instant - MAX_CLOCK_SKEW_MS for instant in starts):
        return None
    since = times.format_iso(times.from_unix_ms(min(starts)))
    return f"what could name it may be gone: {' and '.join(one.expected_in)} go back to {since}"


def _explain_missing(one: UnmatchedMessage) -> str:
    if one.outcome_kind is OutcomeKind.DEAD_LETTERED:
        return f"it cannot be classified ({one.cause}), and there is no dead letter of it"
    if one.expected_in == (PublishedTopic.OUTPUT,):
        return "in the scribe, but not in the output"
    if one.expected_in == (PublishedTopic.SCRIBE,):
        return "in the output, but not in the scribe"
    return "neither in the output nor in the scribe"

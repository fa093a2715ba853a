"""Decide which unmatched messages are missing.

A ruled-out message leaves no trace if its batch publishes nothing, nor does one whose object has
more than MAX_DETECTIONS detections. Both depend on the message and the settings alone, so
classifying the message again shows that there was nothing to publish.
"""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from stampapp import times
from stampapp.alerts import packets
from stampapp.alerts.alert import Alert
from stampapp.audit.offset_marks import PublishedTopic, Seen, missing_from
from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.classifiers.batch import result_or_error
from stampapp.kafka.message import Message, Partition, TopicPartitionOffset
from stampapp.results.outcome import Outcome, OutcomeKind

# How much the clocks of alert producers, workers and brokers may differ.
MAX_CLOCK_SKEW_MS = 600_000


@dataclass(frozen=True, kw_only=True, slots=True)
class UnmatchedMessage:
    """A consumed message without a proven outcome.

    `timestamp_ms` is Kafka's timestamp (since 1970), `mjd` the time of the alert (days).
    `outcome_kind` is the outcome when classified alone, None if it was not classified.
    """

    location: TopicPartitionOffset
    timestamp_ms: int
    seen: Seen
    aid: str | None
    candid: str | None
    mjd: float
    outcome_kind: OutcomeKind | None = None
    cause: str | None = None

    @property
    def expected_in(self) -> tuple[PublishedTopic, ...]:
        """The published topics that should name the message and do not."""
        if self.outcome_kind is OutcomeKind.DEAD_LETTERED:
            return (PublishedTopic.DEAD_LETTERS,)
        return missing_from(self.seen)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportEntry:
    """An unmatched message and why it is reported; `timestamp_ms` since 1970."""

    location: TopicPartitionOffset
    timestamp_ms: int
    aid: str | None
    candid: str | None
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UnmatchedReport:
    """Unmatched messages: missing, published but maybe removed since, or undecidable."""

    missing: tuple[ReportEntry, ...]
    removed: tuple[ReportEntry, ...]
    undecidable: tuple[ReportEntry, ...]


def unmatched_message(
    message: Message, seen: Seen, outcome: Outcome | None, schemas: MessageSchemas = NO_SCHEMAS
) -> UnmatchedMessage:
    """Describe a message; `outcome` is the result of classifying it, if that was done."""
    decode = partial(packets.decode_alert, schemas=schemas)
    decoded = outcome.alert if outcome else result_or_error(decode, message.value)
    alert = decoded if isinstance(decoded, Alert) else None
    return UnmatchedMessage(
        location=message.location,
        timestamp_ms=message.timestamp or 0,
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
    superseded: Sequence[TopicPartitionOffset] = (),
) -> UnmatchedReport:
    """Sort unmatched messages into missing, removed and undecidable.

    `ruled_out` are those that a rule rules out, `superseded` those over MAX_DETECTIONS, `messages`
    the others, `complete_since` the time (ms since 1970) since when a published topic is complete.
    """
    unnamed = (one.location for one in (*messages, *ruled_out) if not one.seen)
    runs = UnnamedRuns([*unnamed, *superseded], ruled_out)
    entries: dict[str, list[ReportEntry]] = {"missing": [], "removed": [], "undecidable": []}
    for message in messages:
        removed = _explain_removal(message, complete_since)
        doubt = runs.explain_possible_supersession(message)
        kind = "removed" if removed else "undecidable" if doubt else "missing"
        entries[kind].append(_entry(message, removed or doubt or _explain_missing(message)))
    return UnmatchedReport(**{kind: tuple(listed) for kind, listed in entries.items()})


class UnnamedRuns:
    """Runs of offsets that no published message names, and which alerts in them share a batch.

    A batch that publishes nothing names no offset, and its offsets of a partition are contiguous.
    """

    def __init__(
        self, unnamed: Iterable[TopicPartitionOffset], ruled_out: Iterable[UnmatchedMessage]
    ) -> None:
        self._ruled_out: dict[str | None, list[UnmatchedMessage]] = defaultdict(list)
        for message in ruled_out:
            self._ruled_out[message.aid].append(message)
        self._offsets: dict[Partition, list[int]] = defaultdict(list)
        for location in unnamed:
            self._offsets[location.topic, location.partition].append(location.offset)
        for offsets in self._offsets.values():
            offsets.sort()

    def explain_possible_supersession(self, message: UnmatchedMessage) -> str | None:
        """Explain why the message may have been superseded, or return None if it was not.

        It was superseded if it shared a batch with a ruled-out alert of its object.
        """
        if message.outcome_kind is not OutcomeKind.CLASSIFIED:
            return None
        for other in self._ruled_out[message.aid]:
            if other.mjd <= message.mjd and self._may_share_batch(message, other):
                return (
                    f"superseded if it shared a batch with {other.location}, an earlier and"
                    " ruled-out alert of its object; the topics do not show whether it did"
                )
        return None

    def _may_share_batch(self, message: UnmatchedMessage, other: UnmatchedMessage) -> bool:
        if _partition(message) != _partition(other):
            return False
        first, last = sorted((message.location.offset, other.location.offset))
        offsets = self._offsets[_partition(message)]
        return bisect(offsets, last) - bisect(offsets, first) == last - first


def _partition(message: UnmatchedMessage) -> Partition:
    return (message.location.topic, message.location.partition)


def _entry(message: UnmatchedMessage, why: str) -> ReportEntry:
    return ReportEntry(
        location=message.location,
        timestamp_ms=message.timestamp_ms,
        aid=message.aid,
        candid=message.candid,
        why=why,
    )


def _explain_removal(
    message: UnmatchedMessage, complete_since: Mapping[PublishedTopic, int]
) -> str | None:
    """Explain that the messages that name this one may have been removed, else return None."""
    starts = [complete_since.get(topic_kind, 0) for topic_kind in message.expected_in]
    if any(start <= message.timestamp_ms - MAX_CLOCK_SKEW_MS for start in starts):
        return None
    topics, since = (
        " and ".join(message.expected_in),
        times.format_iso(times.from_unix_ms(min(starts))),
    )
    return f"messages that name it may have been removed: {topics} go back to {since}"


def _explain_missing(message: UnmatchedMessage) -> str:
    if message.outcome_kind is OutcomeKind.DEAD_LETTERED:
        return f"it cannot be classified ({message.cause}), and there is no dead letter of it"
    if message.expected_in == (PublishedTopic.OUTPUT,):
        return "in the scribe, but not in the output"
    if message.expected_in == (PublishedTopic.SCRIBE,):
        return "in the output, but not in the scribe"
    return "neither in the output nor in the scribe"

"""Check from the topics themselves that every consumed message has an outcome.

A message counts as consumed if it lies before the committed offset of the group. Headers of
published messages name the consumed offsets (see `results.provenance`); alerts are read only for
offsets that no header names (see `audit.recheck`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from stampapp.audit.consumed import ConsumedOffsets, TimeWindow, find_consumed
from stampapp.audit.offset_marks import OffsetMarks, PublishedTopic
from stampapp.audit.published import TopicScan, scan
from stampapp.audit.recheck import Classify, Rechecker
from stampapp.audit.retention import find_retention_start
from stampapp.audit.unmatched import MAX_CLOCK_SKEW_MS, ReportEntry, sort_unmatched
from stampapp.config.settings import Settings
from stampapp.kafka.message import Message, TopicPartitionOffset
from stampapp.kafka.offset_ranges import ReportProgress
from stampapp.kafka.topic_reader import TopicReader
from stampapp.results.provenance import Provenance, read_provenance, split_headers
from stampapp.times import to_unix_ms

# Unmatched messages are checked one by one up to this number; the others are only counted.
MAX_RECHECKED = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconciliation:
    """The outcomes of the consumed messages, and the messages without one.

    Of the outcomes in `consumed.marks`, `reclassified` were found by classifying again,
    `over_max_detections` by reading the number of detections again, and `matched_by_key` by key and
    time alone. `older` counts unmatched messages from before the
    published topics begin, `unexamined` those that were too many to check.
    """

    group: str
    window: TimeWindow
    consumed: ConsumedOffsets
    scans: tuple[TopicScan, ...]
    reclassified: int
    over_max_detections: int
    matched_by_key: int
    missing: tuple[ReportEntry, ...]
    undecidable: tuple[ReportEntry, ...]
    older: int
    unexamined: int

    @property
    def complete(self) -> bool:
        """Whether every message has an outcome, and no log has lost messages unread.

        Messages from before the published topics begin count only if the window has a beginning.
        """
        older = self.older if self.window.begin else 0
        lost = self.missing or self.undecidable or self.unexamined or older
        return not (lost or any(self.consumed.changes.values()))


async def reconcile_group(
    settings: Settings, window: TimeWindow, *, classify: Classify, progress: ReportProgress
) -> Reconciliation:
    """Find the outcome of every message that the group has consumed. Raises ConfigError."""
    begin = None if window.begin is None else to_unix_ms(window.begin) - MAX_CLOCK_SKEW_MS
    async with TopicReader(settings.consumer, settings.isolation_level) as source:
        # Committed offsets first: everything before them was published by then.
        consumed = await find_consumed(source, settings, window)
        marks = consumed.marks
        scans = await _scan_all(settings, marks, begin, progress)
        retention_start = await find_retention_start(source, marks, scans)
        unmatched = partial(retention_start.unmatched_since, marks)
        rechecker = Rechecker(source, marks, classify, progress, settings.schemas.open())
        matched_by_key = 0
        if any(one.unnamed and one.topic_kind is PublishedTopic.OUTPUT for one in scans):
            matched_by_key = await rechecker.match_by_key(settings, unmatched, MAX_RECHECKED, begin)
        rechecked = await rechecker.reclassify(unmatched, MAX_RECHECKED)
    left = sum(1 for _ in unmatched())
    complete_since = {one.topic_kind: one.complete_since for one in scans}
    over = rechecked.over_max_detections
    found = sort_unmatched(rechecked.remaining, rechecked.ruled_out, complete_since, over)
    return Reconciliation(
        group=settings.group_id,
        window=window,
        consumed=consumed,
        scans=tuple(scans),
        reclassified=len(rechecked.ruled_out),
        over_max_detections=len(over),
        matched_by_key=matched_by_key,
        missing=found.missing,
        undecidable=found.undecidable,
        older=sum(1 for _ in marks.unmatched()) - left + len(found.removed),
        unexamined=left - len(rechecked.remaining),
    )


async def _scan_all(
    settings: Settings, marks: OffsetMarks, begin: int | None, progress: ReportProgress
) -> list[TopicScan]:
    collector = ProvenanceCollector(marks, settings.group_id)
    return [
        await scan(settings, one, begin, partial(collector.collect, one), progress)
        for one in PublishedTopic
    ]


class ProvenanceCollector:
    """Marks the consumed offsets that published messages of the group name."""

    def __init__(self, marks: OffsetMarks, group: str) -> None:
        self._marks, self._group = marks, group
        self._parts = PartsCollector()

    def collect(self, topic_kind: PublishedTopic, message: Message) -> bool:
        """Mark the offsets that a message of this group names; return whether it names any."""
        headers = message.headers
        if topic_kind is PublishedTopic.DEAD_LETTERS:
            # The headers of the input message come first and may have any content.
            _, headers = split_headers(headers)
        found = read_provenance(headers)
        if found and found.group in {None, self._group}:
            whole = self._parts.join(topic_kind, found)
            if whole:
                self._marks.add_provenance(whole, topic_kind)
        return found is not None


class PartsCollector:
    """Joins what the several messages for one source account for; holds the incomplete ones."""

    def __init__(self) -> None:
        self._incomplete: dict[tuple[PublishedTopic, TopicPartitionOffset], list[Provenance]] = {}

    def join(self, topic_kind: PublishedTopic, found: Provenance) -> Provenance | None:
        """Return what all parts account for, once all of them are there; None before."""
        if found.parts == 1:
            return found
        parts = self._incomplete.setdefault((topic_kind, found.source), [])
        # A repeat of what was interrupted: the latest message counts.
        parts[:] = [one for one in parts if (one.part, one.parts) != (found.part, found.parts)]
        parts.append(found)
        whole = [one for one in parts if one.parts == found.parts]
        if len(whole) < found.parts:
            return None
        del self._incomplete[topic_kind, found.source]
        return replace(
            found,
            superseded=tuple(chain.from_iterable(one.superseded for one in whole)),
            ruled_out=tuple(chain.from_iterable(one.ruled_out for one in whole)),
        )

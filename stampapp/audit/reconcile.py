"""Whether everything consumed is accounted for, by what the topics themselves hold.

Consumed is what lies before the offsets that the group has committed. Most of the evidence is in
headers (see `evidence`), so the alerts themselves need not be read, but for the few that nobody
names (see `rechecked`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from itertools import islice

from stampapp.audit import unmatched
from stampapp.audit.consumed import ConsumedOffsets, TimeWindow, find_consumed
from stampapp.audit.offset_marks import OffsetMarks, PublishedTopic
from stampapp.audit.published import TopicScan, scan
from stampapp.audit.recheck import Classify, Rechecker
from stampapp.audit.retention import find_retention_start
from stampapp.audit.unmatched import MAX_CLOCK_SKEW_MS, ReportEntry
from stampapp.config.settings import Settings
from stampapp.kafka.message import Message, TopicPartitionOffset
from stampapp.kafka.offset_ranges import ReportProgress
from stampapp.kafka.topic_reader import TopicReader
from stampapp.results import provenance
from stampapp.times import to_unix_ms

# What nothing accounts for is looked at one by one; more than this, and only counted.
MAX_RECHECKED = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconciliation:
    """What became of what was consumed, and which of it is not accounted for.

    Of the outcomes in `consumed.marks`, `reclassified` were found ruled out by classifying them
    again, and `matched_by_key` go by key and time alone. `older` counts what nothing names and is
    older than the evidence goes back, `unexamined` what was not looked at, there being so much.
    """

    group: str
    window: TimeWindow
    consumed: ConsumedOffsets
    scans: tuple[TopicScan, ...]
    reclassified: int
    matched_by_key: int
    missing: tuple[ReportEntry, ...]
    undecidable: tuple[ReportEntry, ...]
    older: int
    unexamined: int

    @property
    def complete(self) -> bool:
        """Whether everything in question is accounted for.

        What is older than the evidence is in question only if the window was given a beginning.
        """
        older = self.older if self.window.begin else 0
        return not (self.missing or self.undecidable or self.unexamined or older)


async def reconcile_group(
    settings: Settings, window: TimeWindow, *, classify: Classify, progress: ReportProgress
) -> Reconciliation:
    """Account for everything that the group has consumed. Raises ConfigError."""
    begin = None if window.begin is None else to_unix_ms(window.begin) - MAX_CLOCK_SKEW_MS
    async with TopicReader(settings.consumer) as source:
        # The committed offsets first: what is behind them has been published by then.
        consumed = await find_consumed(source, settings, window)
        marks, collector = consumed.marks, ProvenanceCollector(consumed.marks, settings.group_id)
        scans = [
            await scan(settings, one, begin, partial(collector.collect, one), progress)
            for one in PublishedTopic
        ]
        unmatched_since = (await find_retention_start(source, marks, scans)).unmatched_since
        rechecker, matched_by_key = Rechecker(source, marks, classify, progress), 0
        if any(one.unnamed and one.topic_kind is PublishedTopic.OUTPUT for one in scans):
            matched_by_key = await rechecker.match_by_key(
                settings, _at_most(unmatched_since(marks)), begin
            )
        rechecked = await rechecker.reclassify(_at_most(unmatched_since(marks)))
    left = sum(1 for _ in unmatched_since(marks))
    complete_since = {one.topic_kind: one.complete_since for one in scans}
    found = unmatched.sort_unmatched(rechecked.remaining, rechecked.ruled_out, complete_since)
    return Reconciliation(
        group=settings.group_id,
        window=window,
        consumed=consumed,
        scans=tuple(scans),
        reclassified=len(rechecked.ruled_out),
        matched_by_key=matched_by_key,
        missing=found.missing,
        undecidable=found.undecidable,
        older=sum(1 for _ in marks.unmatched()) - left + len(found.removed),
        unexamined=left - len(rechecked.remaining),
    )


class ProvenanceCollector:
    """Hears what witnesses have published, and notes in the marks whom it names."""

    def __init__(self, marks: OffsetMarks, group: str) -> None:
        self._marks, self._group = marks, group

    def collect(self, topic_kind: PublishedTopic, message: Message) -> bool:
        """Tell whether a message names anybody; what another group publishes proves nothing."""
        headers = message.headers
        if topic_kind is PublishedTopic.DEAD_LETTERS:
            # Before ours are those of the message itself, which may say anything.
            _, headers = provenance.split_headers(headers)
        found = provenance.read_provenance(headers)
        if found and found.group in {None, self._group}:
            self._marks.add_provenance(found, topic_kind)
        return found is not None


def _at_most(locations: Iterable[TopicPartitionOffset]) -> list[TopicPartitionOffset]:
    return list(islice(locations, MAX_RECHECKED))

"""Whether everything consumed is accounted for, by what the topics themselves hold.

Consumed is what lies before the offsets that the group has committed. Most of the evidence is in
headers (see `evidence`), so the alerts themselves need not be read, but for the few that nobody
names (see `hindsight`).
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
from stampapp.audit.recheck import Judge, Rechecker
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

    Of the outcomes in `consumption.accounts`, `judged_again` were found ruled out by a second
    judgement, and `by_key` go by key and time alone. `older` counts what nothing names and is older
    than the evidence goes back, `unexamined` what was not looked at, there being so much.
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
    settings: Settings, window: TimeWindow, *, judge: Judge, progress: ReportProgress
) -> Reconciliation:
    """Account for everything that the group has consumed. Raises ConfigError."""
    begin = None if window.begin is None else to_unix_ms(window.begin) - MAX_CLOCK_SKEW_MS
    async with TopicReader(settings.consumer) as source:
        # The committed offsets first: what is behind them has been published by then.
        consumed = await find_consumed(source, settings, window)
        accounts, listener = consumed.marks, ProvenanceCollector(consumed.marks, settings.group_id)
        hearings = [
            await scan(settings, one, begin, partial(listener.collect, one), progress)
            for one in PublishedTopic
        ]
        within = (await find_retention_start(source, accounts, hearings)).unmatched_since
        look, by_key = Rechecker(source, accounts, judge, progress), 0
        if any(one.unnamed and one.topic_kind is PublishedTopic.OUTPUT for one in hearings):
            by_key = await look.match_by_key(settings, _at_most(within(accounts)), begin)
        hindsight = await look.reclassify(_at_most(within(accounts)))
    left = sum(1 for _ in within(accounts))
    whole_since = {one.topic_kind: one.complete_since for one in hearings}
    found = unmatched.sort_unmatched(hindsight.remaining, hindsight.ruled_out, whole_since)
    return Reconciliation(
        group=settings.group_id,
        window=window,
        consumed=consumed,
        scans=tuple(hearings),
        reclassified=len(hindsight.ruled_out),
        matched_by_key=by_key,
        missing=found.missing,
        undecidable=found.undecidable,
        older=sum(1 for _ in accounts.unmatched()) - left + len(found.removed),
        unexamined=left - len(hindsight.remaining),
    )


class ProvenanceCollector:
    """Hears what witnesses have published, and notes in the accounts whom it names."""

    def __init__(self, accounts: OffsetMarks, group: str) -> None:
        self._accounts, self._group = accounts, group

    def collect(self, witness: PublishedTopic, message: Message) -> bool:
        """Tell whether a message names anybody; what another group publishes proves nothing."""
        headers = message.headers
        if witness is PublishedTopic.DEAD_LETTERS:
            # Before ours are those of the message itself, which may say anything.
            _, headers = provenance.split_headers(headers)
        testimony = provenance.read_provenance(headers)
        if testimony and testimony.group in {None, self._group}:
            self._accounts.add_provenance(testimony, witness)
        return testimony is not None


def _at_most(places: Iterable[TopicPartitionOffset]) -> list[TopicPartitionOffset]:
    return list(islice(places, MAX_RECHECKED))

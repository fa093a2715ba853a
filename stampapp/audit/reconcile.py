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
from stampapp.audit.consumed import Consumption, Window, consumption
from stampapp.audit.offset_marks import Accounts, Witness
from stampapp.audit.published import Hearing, hear
from stampapp.audit.recheck import Judge, Look
from stampapp.audit.retention import reach
from stampapp.audit.unmatched import SKEW, Finding
from stampapp.config.settings import Settings
from stampapp.kafka.message import Message, TopicPartitionOffset
from stampapp.kafka.offset_ranges import ReportProgress
from stampapp.kafka.topic_reader import TopicReader
from stampapp.results import provenance
from stampapp.times import to_unix_ms

# What nothing accounts for is looked at one by one; more than this, and only counted.
MOST_LEFTOVERS = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconciliation:
    """What became of what was consumed, and which of it is not accounted for.

    Of the outcomes in `consumption.accounts`, `judged_again` were found ruled out by a second
    judgement, and `by_key` go by key and time alone. `older` counts what nothing names and is older
    than the evidence goes back, `unexamined` what was not looked at, there being so much.
    """

    group: str
    window: Window
    consumption: Consumption
    hearings: tuple[Hearing, ...]
    judged_again: int
    by_key: int
    missing: tuple[Finding, ...]
    unjudged: tuple[Finding, ...]
    older: int
    unexamined: int

    @property
    def complete(self) -> bool:
        """Whether everything in question is accounted for.

        What is older than the evidence is in question only if the window was given a beginning.
        """
        older = self.older if self.window.begin else 0
        return not (self.missing or self.unjudged or self.unexamined or older)


async def reconcile(
    settings: Settings, window: Window, *, judge: Judge, progress: ReportProgress
) -> Reconciliation:
    """Account for everything that the group has consumed. Raises ConfigError."""
    begin = None if window.begin is None else to_unix_ms(window.begin) - SKEW
    async with TopicReader(settings.consumer) as source:
        # The committed offsets first: what is behind them has been published by then.
        consumed = await consumption(source, settings, window)
        accounts, listener = consumed.accounts, Listener(consumed.accounts, settings.group_id)
        hearings = [
            await hear(settings, one, begin, partial(listener.hear, one), progress)
            for one in Witness
        ]
        within = (await reach(source, accounts, hearings)).within
        look, by_key = Look(source, accounts, judge, progress), 0
        if any(one.unnamed and one.witness is Witness.OUTPUT for one in hearings):
            by_key = await look.by_key(settings, _most(within(accounts)), begin)
        hindsight = await look.again(_most(within(accounts)))
    left = sum(1 for _ in within(accounts))
    whole_since = {one.witness: one.whole_since for one in hearings}
    found = unmatched.sort(hindsight.remaining, hindsight.withdrawn, whole_since)
    return Reconciliation(
        group=settings.group_id,
        window=window,
        consumption=consumed,
        hearings=tuple(hearings),
        judged_again=len(hindsight.withdrawn),
        by_key=by_key,
        missing=found.missing,
        unjudged=found.doubtful,
        older=sum(1 for _ in accounts.leftovers()) - left + len(found.removed),
        unexamined=left - len(hindsight.remaining),
    )


class Listener:
    """Hears what witnesses have published, and notes in the accounts whom it names."""

    def __init__(self, accounts: Accounts, group: str) -> None:
        self._accounts, self._group = accounts, group

    def hear(self, witness: Witness, message: Message) -> bool:
        """Tell whether a message names anybody; what another group publishes proves nothing."""
        headers = message.headers
        if witness is Witness.DEAD_LETTERS:
            # Before ours are those of the message itself, which may say anything.
            _, headers = provenance.split_headers(headers)
        testimony = provenance.read_provenance(headers)
        if testimony and testimony.group in {None, self._group}:
            self._accounts.hear(testimony, witness)
        return testimony is not None


def _most(places: Iterable[TopicPartitionOffset]) -> list[TopicPartitionOffset]:
    return list(islice(places, MOST_LEFTOVERS))

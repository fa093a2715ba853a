"""Whether everything consumed is accounted for, by what the topics themselves hold.

Consumed is what lies before the offsets that the group has committed. Most of the evidence is in
headers (see `evidence`), so the alerts themselves need not be read, but for the few that nobody
names (see `hindsight`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from stampapp import evidence, leftovers
from stampapp.accounts import Accounts, Witness
from stampapp.consumption import Consumption, Window, consumption
from stampapp.hindsight import Hindsight, Judge, Look
from stampapp.instants import ms
from stampapp.leftovers import SKEW, Finding
from stampapp.records import Message, Place, Verdict
from stampapp.settings import Settings
from stampapp.spans import Progress
from stampapp.topics import TopicReader
from stampapp.witnesses import Hearing, hear

# What nothing accounts for is looked at one by one; more than this, and only counted.
MOST_LEFTOVERS = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconciliation:
    """What became of the `consumed` messages, and which of them are not accounted for.

    Of `outcomes`, `judged_again` were found ruled out by a second judgement and `by_key` go by key
    and time alone. `older` counts what nothing names and is older than the evidence, in a window
    without a beginning; `unexamined` what was not looked at, there being so much. `repeats` counts
    what was published again, `unnamed` what has no headers of ours. Not consumed: `waiting`, and
    `expired`, which were removed before.
    """

    group: str
    window: Window
    consumed: int
    outcomes: Mapping[Verdict, int]
    judged_again: int
    by_key: int
    missing: tuple[Finding, ...]
    unjudged: tuple[Finding, ...]
    older: int
    unexamined: int
    repeats: Mapping[Witness, int]
    unnamed: Mapping[Witness, int]
    hearings: tuple[Hearing, ...]
    waiting: int
    expired: int

    @property
    def complete(self) -> bool:
        """Whether everything in question is accounted for."""
        return not (self.missing or self.unjudged or self.unexamined)


async def reconcile(
    settings: Settings, window: Window, *, judge: Judge, progress: Progress
) -> Reconciliation:
    """Account for everything that the group has consumed. Raises ConfigError."""
    begin = None if window.begin is None else ms(window.begin) - SKEW
    async with TopicReader(settings.consumer) as source:
        # The committed offsets first: what is behind them has been published by then.
        consumed = await consumption(source, settings, window)
        accounts = consumed.accounts
        listeners = {one: Listener(accounts, one, settings.group_id) for one in Witness}
        hearings = [
            await hear(settings, one, begin, listener, progress)
            for one, listener in listeners.items()
        ]
        unnamed = {one: listener.unnamed for one, listener in listeners.items()}
        look = Look(source, accounts, judge, progress)
        by_key = 0
        if unnamed[Witness.OUTPUT]:
            by_key = await look.by_key(settings, _some(accounts), begin)
        hindsight = await look.again(_some(accounts))
    return _summary(settings, window, consumed, hearings, hindsight, by_key, unnamed)


class Listener:
    """Hears the messages of a witness, and notes in the accounts whom they name."""

    def __init__(self, accounts: Accounts, witness: Witness, group: str) -> None:
        self._accounts, self._witness, self._group = accounts, witness, group
        self.unnamed = 0

    def __call__(self, message: Message) -> None:
        headers = message.headers
        if self._witness is Witness.DEAD_LETTERS:
            # Before ours are those of the message itself, which may say anything.
            _, headers = evidence.divided(headers)
        testimony = evidence.read(headers)
        if testimony is None:
            self.unnamed += 1
        elif testimony.group in {None, self._group}:
            self._accounts.hear(testimony, self._witness)


def _some(accounts: Accounts) -> list[Place]:
    return list(islice(accounts.leftovers(), MOST_LEFTOVERS))


def _summary(  # noqa: PLR0913, PLR0917  # all that has been found
    settings: Settings,
    window: Window,
    consumed: Consumption,
    hearings: Sequence[Hearing],
    hindsight: Hindsight,
    by_key: int,
    unnamed: Mapping[Witness, int],
) -> Reconciliation:
    accounts, bounded = consumed.accounts, window.begin is not None
    whole_since = {one.witness: one.whole_since for one in hearings}
    found = leftovers.sort(hindsight.remaining, hindsight.withdrawn, whole_since)
    return Reconciliation(
        group=settings.group_id,
        window=window,
        consumed=accounts.messages(),
        outcomes=accounts.counts(),
        judged_again=len(hindsight.withdrawn),
        by_key=by_key,
        missing=found.missing,
        unjudged=found.doubtful + (found.removed if bounded else ()),
        older=0 if bounded else len(found.removed),
        unexamined=sum(1 for _ in accounts.leftovers()) - len(hindsight.remaining),
        repeats=accounts.repeats,
        unnamed=unnamed,
        hearings=tuple(hearings),
        waiting=consumed.waiting,
        expired=consumed.expired,
    )

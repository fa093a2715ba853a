"""A second look at consumed messages that nothing names: by their keys, and judged again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from stampapp import classifiers
from stampapp.audit.offset_marks import PUBLISHED, Accounts, Mark, Witness, lacks
from stampapp.audit.published import hear
from stampapp.audit.unmatched import SKEW, Leftover, leftover
from stampapp.classifiers import batch
from stampapp.config.settings import ModelSettings, Settings
from stampapp.kafka.message import Message, TopicPartitionOffset
from stampapp.kafka.offset_ranges import ReportProgress, in_chunks, offsets_by_partition
from stampapp.kafka.topic_reader import TopicReader
from stampapp.results import provenance
from stampapp.results.outcome import Outcome, OutcomeKind

# Messages that are judged together.
CHUNK = 256

# What the worker would make of each of these values, were it alone in its batch.
Judge = Callable[[Sequence[bytes | None]], list[Outcome]]
Outcomes = Callable[[Sequence[Message]], Sequence[Outcome | None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Hindsight:
    """What was judged again: what a rule withdraws, and what remains."""

    withdrawn: tuple[Leftover, ...]
    remaining: tuple[Leftover, ...]


def judge_of(model: ModelSettings) -> Judge:
    """Return what judges as the worker does; the model is loaded when it is needed first."""
    load = cache(lambda: classifiers.load(model))

    def judge(values: Sequence[bytes | None]) -> list[Outcome]:
        prepared = batch.prepare_batch(batch.decode_batch(values), load(), first_only=False)
        return batch.classify_batch(prepared, load())

    return judge


class Look:
    """A second look at places that nothing accounts for; what it finds is marked."""

    def __init__(
        self, source: TopicReader, accounts: Accounts, judge: Judge, progress: ReportProgress
    ) -> None:
        self._source, self._accounts = source, accounts
        self._judge, self._progress = judge, progress

    async def by_key(
        self, settings: Settings, places: Sequence[TopicPartitionOffset], begin: int | None
    ) -> int:
        """Account for what has an unnamed output and command of its object, no older than itself.

        Returns how many these are. It proves less than a header: a lost alert goes by the output
        of a later one of its object.
        """
        wanted = [one async for one in self._seen(places, "decoding", _unjudged)]
        latest = {witness: Latest(wanted) for witness in (Witness.OUTPUT, Witness.SCRIBE)}
        for witness, listen in latest.items():
            await hear(settings, witness, begin, listen, self._progress)
        found = [one for one in wanted if all(latest[due].has(one) for due in lacks(one.marks))]
        for one in found:
            self._accounts.mark(one.place, PUBLISHED)
        return len(found)

    async def again(self, places: Sequence[TopicPartitionOffset]) -> Hindsight:
        """Judge again what nothing at all names, and account for what a rule withdraws."""
        remaining: list[Leftover] = []
        withdrawn: list[Leftover] = []
        async for one in self._seen(places, "judging again", self._outcomes):
            if one.outcome_kind is OutcomeKind.RULED_OUT:
                self._accounts.mark(one.place, Mark.RULED_OUT)
            (withdrawn if one.outcome_kind is OutcomeKind.RULED_OUT else remaining).append(one)
        return Hindsight(remaining=tuple(remaining), withdrawn=tuple(withdrawn))

    def _outcomes(self, messages: Sequence[Message]) -> list[Outcome | None]:
        silent = [one for one in messages if not self._accounts.marks(one.location)]
        judged = iter(self._judge([one.value for one in silent]) if silent else ())
        return [None if self._accounts.marks(one.location) else next(judged) for one in messages]

    async def _seen(
        self, places: Sequence[TopicPartitionOffset], what: str, outcomes: Outcomes
    ) -> AsyncIterator[Leftover]:
        """Yield a leftover for each place; one without a message is marked as that."""
        seen: set[TopicPartitionOffset] = set()
        async for messages in in_chunks(
            self._source.read_offsets(offsets_by_partition(places)), CHUNK
        ):
            self._progress(what, len(messages), len(places))
            for message, outcome in zip(messages, outcomes(messages), strict=True):
                seen.add(message.location)
                yield leftover(message, self._accounts.marks(message.location), outcome)
        for place in set(places) - seen:
            self._accounts.mark(place, Mark.NO_MESSAGE)


class Latest:
    """Listens for the latest unnamed message of each object among the wanted."""

    def __init__(self, wanted: Iterable[Leftover]) -> None:
        self._instants = {one.aid.encode(): -1 for one in wanted if one.aid}

    def __call__(self, message: Message) -> bool:
        """Note a message, unless it names those that it answers for."""
        key, names = message.key or b"", provenance.read_provenance(message.headers) is not None
        if key in self._instants and not names:
            self._instants[key] = max(self._instants[key], message.timestamp or 0)
        return names

    def has(self, one: Leftover) -> bool:
        """Tell whether there was one of this object, no older than this."""
        return self._instants.get((one.aid or "").encode(), -1) >= max(0, one.instant - SKEW)


def _unjudged(messages: Sequence[Message]) -> list[None]:
    return [None] * len(messages)

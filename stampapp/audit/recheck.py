"""A second look at consumed messages that nothing names: by their keys, and judged again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from stampapp import classifiers
from stampapp.audit.offset_marks import PUBLISHED, OffsetMarks, PublishedTopic, Seen, missing_from
from stampapp.audit.published import scan
from stampapp.audit.unmatched import MAX_CLOCK_SKEW_MS, UnmatchedMessage, unmatched_message
from stampapp.classifiers import batch
from stampapp.config.settings import ModelSettings, Settings
from stampapp.kafka.message import Message, TopicPartitionOffset
from stampapp.kafka.offset_ranges import ReportProgress, in_chunks, offsets_by_partition
from stampapp.kafka.topic_reader import TopicReader
from stampapp.results import provenance
from stampapp.results.outcome import Outcome, OutcomeKind

# Messages that are judged together.
MESSAGES_AT_A_TIME = 256

# What the worker would make of each of these values, were it alone in its batch.
Judge = Callable[[Sequence[bytes | None]], list[Outcome]]
Outcomes = Callable[[Sequence[Message]], Sequence[Outcome | None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class RecheckResult:
    """What was judged again: what a rule withdraws, and what remains."""

    ruled_out: tuple[UnmatchedMessage, ...]
    remaining: tuple[UnmatchedMessage, ...]


def judge_of(model: ModelSettings) -> Judge:
    """Return what judges as the worker does; the model is loaded when it is needed first."""
    load = cache(lambda: classifiers.load(model))

    def judge(values: Sequence[bytes | None]) -> list[Outcome]:
        prepared = batch.prepare_batch(batch.decode_batch(values), load(), first_only=False)
        return batch.classify_batch(prepared, load())

    return judge


class Rechecker:
    """A second look at places that nothing accounts for; what it finds is marked."""

    def __init__(
        self, source: TopicReader, accounts: OffsetMarks, judge: Judge, progress: ReportProgress
    ) -> None:
        self._source, self._accounts = source, accounts
        self._judge, self._progress = judge, progress

    async def match_by_key(
        self, settings: Settings, places: Sequence[TopicPartitionOffset], begin: int | None
    ) -> int:
        """Account for what has an unnamed output and command of its object, no older than itself.

        Returns how many these are. It proves less than a header: a lost alert goes by the output
        of a later one of its object.
        """
        wanted = [one async for one in self._seen(places, "decoding", _unjudged)]
        latest = {
            witness: LatestUnnamed(wanted)
            for witness in (PublishedTopic.OUTPUT, PublishedTopic.SCRIBE)
        }
        for witness, listen in latest.items():
            await scan(settings, witness, begin, listen, self._progress)
        found = [
            one for one in wanted if all(latest[due].covers(one) for due in missing_from(one.seen))
        ]
        for one in found:
            self._accounts.mark(one.location, PUBLISHED)
        return len(found)

    async def reclassify(self, places: Sequence[TopicPartitionOffset]) -> RecheckResult:
        """Judge again what nothing at all names, and account for what a rule withdraws."""
        remaining: list[UnmatchedMessage] = []
        withdrawn: list[UnmatchedMessage] = []
        async for one in self._seen(places, "judging again", self._outcomes):
            if one.outcome_kind is OutcomeKind.RULED_OUT:
                self._accounts.mark(one.location, Seen.RULED_OUT)
            (withdrawn if one.outcome_kind is OutcomeKind.RULED_OUT else remaining).append(one)
        return RecheckResult(remaining=tuple(remaining), ruled_out=tuple(withdrawn))

    def _outcomes(self, messages: Sequence[Message]) -> list[Outcome | None]:
        silent = [one for one in messages if not self._accounts.seen_at(one.location)]
        judged = iter(self._judge([one.value for one in silent]) if silent else ())
        return [None if self._accounts.seen_at(one.location) else next(judged) for one in messages]

    async def _seen(
        self, places: Sequence[TopicPartitionOffset], what: str, outcomes: Outcomes
    ) -> AsyncIterator[UnmatchedMessage]:
        """Yield a leftover for each place; one without a message is marked as that."""
        seen: set[TopicPartitionOffset] = set()
        async for messages in in_chunks(
            self._source.read_offsets(offsets_by_partition(places)), MESSAGES_AT_A_TIME
        ):
            self._progress(what, len(messages), len(places))
            for message, outcome in zip(messages, outcomes(messages), strict=True):
                seen.add(message.location)
                yield unmatched_message(message, self._accounts.seen_at(message.location), outcome)
        for place in set(places) - seen:
            self._accounts.mark(place, Seen.NO_MESSAGE)


class LatestUnnamed:
    """Listens for the latest unnamed message of each object among the wanted."""

    def __init__(self, wanted: Iterable[UnmatchedMessage]) -> None:
        self._instants = {one.aid.encode(): -1 for one in wanted if one.aid}

    def __call__(self, message: Message) -> bool:
        """Note a message, unless it names those that it answers for."""
        key, names = message.key or b"", provenance.read_provenance(message.headers) is not None
        if key in self._instants and not names:
            self._instants[key] = max(self._instants[key], message.timestamp or 0)
        return names

    def covers(self, one: UnmatchedMessage) -> bool:
        """Tell whether there was one of this object, no older than this."""
        return self._instants.get((one.aid or "").encode(), -1) >= max(
            0, one.instant - MAX_CLOCK_SKEW_MS
        )


def _unjudged(messages: Sequence[Message]) -> list[None]:
    return [None] * len(messages)

"""A second look at consumed messages that nothing names: by their keys, and classified again."""

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

# Messages that are classified together.
MESSAGES_AT_A_TIME = 256

# What the worker would make of each of these values, were it alone in its batch.
Classify = Callable[[Sequence[bytes | None]], list[Outcome]]
Outcomes = Callable[[Sequence[Message]], Sequence[Outcome | None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class RecheckResult:
    """What was classified again: what a rule withdraws, and what remains."""

    ruled_out: tuple[UnmatchedMessage, ...]
    remaining: tuple[UnmatchedMessage, ...]


def lazy_classifier(model: ModelSettings) -> Classify:
    """Return what judges as the worker does; the model is loaded when it is needed first."""
    load = cache(lambda: classifiers.load(model))

    def classify(values: Sequence[bytes | None]) -> list[Outcome]:
        prepared = batch.prepare_batch(batch.decode_batch(values), load(), first_only=False)
        return batch.classify_batch(prepared, load())

    return classify


class Rechecker:
    """A second look at locations that nothing accounts for; what it finds is marked."""

    def __init__(
        self, source: TopicReader, marks: OffsetMarks, classify: Classify, progress: ReportProgress
    ) -> None:
        self._source, self._marks = source, marks
        self._classify, self._progress = classify, progress

    async def match_by_key(
        self, settings: Settings, locations: Sequence[TopicPartitionOffset], begin: int | None
    ) -> int:
        """Account for what has an unnamed output and command of its object, no older than itself.

        Returns how many these are. It proves less than a header: a lost alert goes by the output
        of a later one of its object.
        """
        wanted = [
            one async for one in self._fetch_unmatched(locations, "decoding", _not_classified)
        ]
        latest = {
            topic_kind: LatestUnnamed(wanted)
            for topic_kind in (PublishedTopic.OUTPUT, PublishedTopic.SCRIBE)
        }
        for topic_kind, collect in latest.items():
            await scan(settings, topic_kind, begin, collect, self._progress)
        found = [
            one
            for one in wanted
            if all(latest[expected].covers(one) for expected in missing_from(one.seen))
        ]
        for one in found:
            self._marks.mark(one.location, PUBLISHED)
        return len(found)

    async def reclassify(self, locations: Sequence[TopicPartitionOffset]) -> RecheckResult:
        """Classify again what nothing at all names, and account for what a rule withdraws."""
        remaining: list[UnmatchedMessage] = []
        ruled_out: list[UnmatchedMessage] = []
        async for one in self._fetch_unmatched(locations, "judging again", self._outcomes):
            if one.outcome_kind is OutcomeKind.RULED_OUT:
                self._marks.mark(one.location, Seen.RULED_OUT)
            (ruled_out if one.outcome_kind is OutcomeKind.RULED_OUT else remaining).append(one)
        return RecheckResult(remaining=tuple(remaining), ruled_out=tuple(ruled_out))

    def _outcomes(self, messages: Sequence[Message]) -> list[Outcome | None]:
        unnamed = [one for one in messages if not self._marks.seen_at(one.location)]
        classified = iter(self._classify([one.value for one in unnamed]) if unnamed else ())
        return [None if self._marks.seen_at(one.location) else next(classified) for one in messages]

    async def _fetch_unmatched(
        self, locations: Sequence[TopicPartitionOffset], what: str, outcomes: Outcomes
    ) -> AsyncIterator[UnmatchedMessage]:
        """Yield a leftover for each location; one without a message is marked as that."""
        seen: set[TopicPartitionOffset] = set()
        async for messages in in_chunks(
            self._source.read_offsets(offsets_by_partition(locations)), MESSAGES_AT_A_TIME
        ):
            self._progress(what, len(messages), len(locations))
            for message, outcome in zip(messages, outcomes(messages), strict=True):
                seen.add(message.location)
                yield unmatched_message(message, self._marks.seen_at(message.location), outcome)
        for location in set(locations) - seen:
            self._marks.mark(location, Seen.NO_MESSAGE)


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


def _not_classified(messages: Sequence[Message]) -> list[None]:
    return [None] * len(messages)

"""Check messages that no published message names: by their keys, or by classifying them again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice

from stampapp import classifiers
from stampapp.audit.offset_marks import (
    OBJECT_PUBLISHED,
    PUBLISHED,
    OffsetMarks,
    PublishedTopic,
    Seen,
    missing_from,
    outcome_kind,
)
from stampapp.audit.published import scan
from stampapp.audit.unmatched import MAX_CLOCK_SKEW_MS, UnmatchedMessage, unmatched_message
from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.classifiers import batch
from stampapp.config.settings import Settings
from stampapp.kafka.message import Message, TopicPartitionOffset
from stampapp.kafka.offset_ranges import ReportProgress, in_chunks, offsets_by_partition
from stampapp.kafka.topic_reader import TopicReader
from stampapp.results.outcome import Outcome, OutcomeKind
from stampapp.results.provenance import read_provenance

# Messages that are classified at a time.
MESSAGES_AT_A_TIME = 256

# Returns the outcome that a worker would give to each value, alone in its batch.
Classify = Callable[[Sequence[bytes | None]], list[Outcome]]
Outcomes = Callable[[Sequence[Message]], Sequence[Outcome | None]]
# Returns the offsets that are unmatched at the time.
Unmatched = Callable[[], Iterable[TopicPartitionOffset]]


@dataclass(frozen=True, kw_only=True, slots=True)
class RecheckResult:
    """Messages that were classified again.

    Those that a rule rules out, those whose object has more than MAX_DETECTIONS detections, and the
    others.
    """

    ruled_out: tuple[UnmatchedMessage, ...]
    over_max_detections: tuple[TopicPartitionOffset, ...]
    remaining: tuple[UnmatchedMessage, ...]


def lazy_classifier(settings: Settings) -> Classify:
    """Return a function that classifies as a worker does; it loads the model at its first call."""
    load = cache(lambda: classifiers.load(settings.model))
    check, schemas = settings.messages.check_alert, settings.schemas.open()

    def classify(values: Sequence[bytes | None]) -> list[Outcome]:
        decoded = batch.decode_batch(values, schemas)
        prepared = batch.prepare_batch(
            decoded, load(), first_only=False, limit=settings.model.detection_limit, check=check
        )
        return batch.classify_batch(prepared, load())

    return classify


class Rechecker:
    """Checks offsets without a proven outcome again, and marks what it can prove.

    At most `most` messages at a time; neither offsets without a message count, nor alerts over
    MAX_DETECTIONS, which may be most of a night's.
    """

    def __init__(
        self,
        source: TopicReader,
        marks: OffsetMarks,
        classify: Classify,
        progress: ReportProgress,
        schemas: MessageSchemas = NO_SCHEMAS,
    ) -> None:
        self._source, self._marks, self._schemas = source, marks, schemas
        self._classify, self._progress = classify, progress

    async def match_by_key(
        self, settings: Settings, unmatched: Unmatched, most: int, begin: int | None
    ) -> int:
        """Mark messages whose object has output and a command without headers, and no older.

        Returns their number. This proves less than headers do: the output of a later alert of the
        object hides that an alert was lost.
        """
        wanted = [
            one async for one in self._fetch_unmatched(unmatched, most, "decoding", _not_classified)
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

    async def reclassify(self, unmatched: Unmatched, most: int) -> RecheckResult:
        """Classify messages that nothing names again, and mark those that publish nothing."""
        remaining: list[UnmatchedMessage] = []
        ruled_out: list[UnmatchedMessage] = []
        over: list[TopicPartitionOffset] = []
        async for one in self._fetch_unmatched(
            unmatched, most, "classifying again", self._outcomes
        ):
            if one.outcome_kind is OutcomeKind.SUPERSEDED:
                # Classified alone, for no other reason.
                self._marks.mark(one.location, OBJECT_PUBLISHED)
                over.append(one.location)
            elif one.outcome_kind is OutcomeKind.RULED_OUT:
                self._marks.mark(one.location, Seen.RULED_OUT)
                ruled_out.append(one)
            else:
                remaining.append(one)
        return RecheckResult(
            remaining=tuple(remaining), ruled_out=tuple(ruled_out), over_max_detections=tuple(over)
        )

    def _outcomes(self, messages: Sequence[Message]) -> list[Outcome | None]:
        unnamed = [one for one in messages if not self._marks.seen_at(one.location)]
        classified = iter(self._classify([one.value for one in unnamed]) if unnamed else ())
        return [None if self._marks.seen_at(one.location) else next(classified) for one in messages]

    async def _fetch_unmatched(
        self, unmatched: Unmatched, most: int, what: str, outcomes: Outcomes
    ) -> AsyncIterator[UnmatchedMessage]:
        """Yield up to `most` messages, and mark offsets without a message."""
        seen: set[TopicPartitionOffset] = set()
        # A topic with transactions has a marker after each, so one round may find few messages.
        while locations := _next_unseen(unmatched(), seen, most):
            fetched: set[TopicPartitionOffset] = set()
            async for messages in in_chunks(
                self._source.read_offsets(offsets_by_partition(locations)), MESSAGES_AT_A_TIME
            ):
                self._progress(what, len(messages), len(locations))
                for message, outcome in zip(messages, outcomes(messages), strict=True):
                    fetched.add(message.location)
                    seen_at = self._marks.seen_at(message.location)
                    yield unmatched_message(message, seen_at, outcome, self._schemas)
            for location in set(locations) - fetched:
                self._marks.mark(location, Seen.NO_MESSAGE)
            seen |= {one for one in fetched if not self._is_superseded(one)}

    def _is_superseded(self, location: TopicPartitionOffset) -> bool:
        return outcome_kind(self._marks.seen_at(location)) is OutcomeKind.SUPERSEDED


class LatestUnnamed:
    """Collects the time of the latest message without headers for each wanted object."""

    def __init__(self, wanted: Iterable[UnmatchedMessage]) -> None:
        self._instants = {one.aid.encode(): -1 for one in wanted if one.aid}

    def __call__(self, message: Message) -> bool:
        """Note a published message; return whether its headers name consumed offsets."""
        key, names = message.key or b"", read_provenance(message.headers) is not None
        if key in self._instants and not names:
            self._instants[key] = max(self._instants[key], message.timestamp or 0)
        return names

    def covers(self, one: UnmatchedMessage) -> bool:
        """Return whether there was a message of this object that is no older."""
        return self._instants.get((one.aid or "").encode(), -1) >= max(
            0, one.timestamp_ms - MAX_CLOCK_SKEW_MS
        )


def _not_classified(messages: Sequence[Message]) -> list[None]:
    return [None] * len(messages)


def _next_unseen(
    unmatched: Iterable[TopicPartitionOffset], seen: set[TopicPartitionOffset], most: int
) -> list[TopicPartitionOffset]:
    return list(islice((one for one in unmatched if one not in seen), most - len(seen)))

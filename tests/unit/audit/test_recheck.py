from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

import pytest

from stampapp.audit import recheck
from stampapp.audit.offset_marks import OffsetMarks, PartitionMarks, PublishedTopic, Seen
from stampapp.audit.recheck import LatestUnnamed, Rechecker
from stampapp.audit.unmatched import MAX_CLOCK_SKEW_MS, UnmatchedMessage, unmatched_message
from stampapp.kafka.message import Message, Partition
from stampapp.results.outcome import Outcome, OutcomeKind
from tests.support.alerts import alert, container, message, record

NOW = 1_800_000_000_000
MOST = 100


class FakeReader:
    """A partition with one object per message, named by its offset."""

    def __init__(self, offsets: Iterable[int]) -> None:
        self.values = {n: container(record(aid=f"A{n}", candid=str(n))) for n in offsets}
        self.fetched: list[int] = []

    async def read_offsets(
        self, wanted: Mapping[Partition, Iterable[int]]
    ) -> AsyncIterator[Message]:
        for offset in wanted.get(("alerts", 0), ()):
            self.fetched.append(offset)
            if offset in self.values:
                yield message(offset, self.values[offset], timestamp=NOW)


class FakeClassify:
    """Rules out messages, supersedes those of known objects, and records how many each call has."""

    def __init__(self, *withdrawn: int, known: Iterable[int] = ()) -> None:
        self.kinds = dict.fromkeys((f"A{n}" for n in known), OutcomeKind.SUPERSEDED)
        self.kinds |= dict.fromkeys((f"A{n}" for n in withdrawn), OutcomeKind.RULED_OUT)
        self.given: list[int] = []

    def __call__(self, values: Sequence[bytes | None]) -> list[Outcome]:
        self.given.append(len(values))
        found = [unmatched_message(message(value=value), Seen(0), None).aid for value in values]
        return [
            Outcome(
                kind=self.kinds.get(aid or "", OutcomeKind.CLASSIFIED),
                alert=alert(aid=aid),
            )
            for aid in found
        ]


def ignore_progress(what: str, more: int, total: int) -> None:
    """Ignore the progress."""


def marks(end: int) -> OffsetMarks:
    return OffsetMarks({("alerts", 0): PartitionMarks(0, end)})


def rechecker(topics: FakeReader, found: OffsetMarks, classify: FakeClassify) -> Rechecker:
    return Rechecker(topics, found, classify, ignore_progress)  # type: ignore[arg-type]


def offsets(found: Iterable[UnmatchedMessage]) -> list[int]:
    return [one.location.offset for one in found]


async def test_message_that_a_rule_vetoes_is_ruled_out() -> None:
    found, classify = marks(4), FakeClassify(1, 2)
    result = await rechecker(FakeReader(range(4)), found, classify).reclassify(
        found.unmatched, MOST
    )
    assert offsets(result.ruled_out) == [1, 2]
    assert offsets(result.remaining) == [0, 3]
    assert found.count_outcomes()[OutcomeKind.RULED_OUT] == 2


async def test_alerts_over_max_detections_are_superseded_and_do_not_use_up_the_limit() -> None:
    found, known = marks(40), [n for n in range(40) if n % 10]
    result = await rechecker(
        FakeReader(range(40)), found, FakeClassify(20, known=known)
    ).reclassify(found.unmatched, 4)
    assert offsets(result.ruled_out) == [20]
    assert offsets(result.remaining) == [0, 10, 30]
    # Those after the last that the limit allows are not read.
    assert [one.offset for one in result.over_max_detections] == [n for n in known if n < 31]
    assert found.count_outcomes()[OutcomeKind.SUPERSEDED] == len(result.over_max_detections)


async def test_offsets_without_a_message_do_not_use_up_the_limit() -> None:
    found, messages = marks(40), (3, 8, 13, 18, 23)
    checked = await rechecker(FakeReader(messages), found, FakeClassify(8)).reclassify(
        found.unmatched, 4
    )
    assert offsets(checked.ruled_out) == [8]
    assert offsets(checked.remaining) == [3, 13, 18]
    whole = await rechecker(FakeReader(messages), found, FakeClassify()).reclassify(
        found.unmatched, 10
    )
    assert offsets(whole.remaining) == [3, 13, 18, 23]
    assert offsets_of(found) == [3, 13, 18, 23]


def offsets_of(found: OffsetMarks) -> list[int]:
    return [one.offset for one in found.unmatched()]


async def test_nothing_unmatched_needs_no_reading() -> None:
    topics, classify = FakeReader(range(4)), FakeClassify()
    result = await rechecker(topics, marks(4), classify).reclassify(tuple, MOST)
    assert result.remaining == result.ruled_out == ()
    assert (topics.fetched, classify.given) == ([], [])


async def test_incomplete_delivery_is_not_classified_again() -> None:
    found, classify = marks(2), FakeClassify(0, 1)
    found.mark(next(found.unmatched()), Seen.OUTPUT)
    result = await rechecker(FakeReader(range(2)), found, classify).reclassify(
        found.unmatched, MOST
    )
    assert offsets(result.remaining) == [0]
    assert result.remaining[0].outcome_kind is None
    assert result.remaining[0].aid == "A0"
    assert classify.given == [1]


async def test_offset_without_a_message_is_marked() -> None:
    found = marks(3)
    topics = FakeReader([0, 2])
    result = await rechecker(topics, found, FakeClassify()).reclassify(found.unmatched, MOST)
    assert offsets(result.remaining) == [0, 2]
    assert found.count_messages() == 2


async def test_classifies_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recheck, "MESSAGES_AT_A_TIME", 4)
    found, classify = marks(10), FakeClassify()
    await rechecker(FakeReader(range(10)), found, classify).reclassify(found.unmatched, MOST)
    assert classify.given == [4, 4, 2]


def unmatched(aid: str | None = "A", instant: int = NOW) -> UnmatchedMessage:
    outcome = Outcome(kind=OutcomeKind.CLASSIFIED, alert=alert(aid=aid) if aid else None)
    return unmatched_message(message(timestamp=instant), Seen(0), outcome)


@pytest.mark.parametrize(
    ("published", "accounted"),
    [
        ({}, True),
        ({"timestamp": NOW - MAX_CLOCK_SKEW_MS}, True),
        ({"timestamp": NOW - MAX_CLOCK_SKEW_MS - 1}, False),
        ({"key": b"B"}, False),
        ({"key": None}, False),
        (
            {
                "headers": (
                    ("source.topic", b"alerts"),
                    ("source.partition", b"0"),
                    ("source.offset", b"9"),
                )
            },
            False,
        ),
    ],
    ids=["later", "as old", "older", "another object", "no key", "it names another message"],
)
def test_message_without_headers_matches_by_key_and_time(
    published: dict[str, Any], accounted: bool
) -> None:
    latest = LatestUnnamed([unmatched()])
    usual: dict[str, Any] = {"key": b"A", "timestamp": NOW + 1}
    latest(message(**usual | published))
    assert latest.covers(unmatched()) is accounted


def test_undecodable_message_does_not_match_by_key() -> None:
    latest = LatestUnnamed([unmatched(None)])
    latest(message(key=b"", timestamp=NOW + 1))
    assert not latest.covers(unmatched(None))


@pytest.mark.parametrize("lacking", [PublishedTopic.OUTPUT, PublishedTopic.SCRIBE])
async def test_match_by_key_needs_output_and_command(
    monkeypatch: pytest.MonkeyPatch, lacking: PublishedTopic
) -> None:
    async def scan(
        settings: Any, topic_kind: PublishedTopic, begin: Any, listen: Any, _: Any
    ) -> None:
        if topic_kind is not lacking:
            listen(message(key=b"A0", timestamp=NOW))
        listen(message(key=b"A1", timestamp=NOW))

    monkeypatch.setattr(recheck, "scan", scan)
    found = marks(3)
    second = rechecker(FakeReader(range(3)), found, FakeClassify())
    settings: Any = None
    assert await second.match_by_key(settings, found.unmatched, MOST, None) == 1
    assert [one.offset for one in found.unmatched()] == [0, 2]


async def test_offsets_without_a_message_do_not_use_up_the_limit_of_matching_by_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    messages = (3, 8, 13, 18, 23)

    async def scan(settings: Any, topic_kind: Any, begin: Any, listen: Any, _: Any) -> None:
        for offset in messages:
            listen(message(key=b"A%d" % offset, timestamp=NOW))

    monkeypatch.setattr(recheck, "scan", scan)
    found = marks(40)
    second = rechecker(FakeReader(messages), found, FakeClassify())
    settings: Any = None
    assert await second.match_by_key(settings, found.unmatched, 4, None) == 4
    assert next(found.unmatched()).offset == 19

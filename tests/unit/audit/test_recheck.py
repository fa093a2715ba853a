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


class FakeTopics:
    """A partition whose messages are of objects named by their offsets."""

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


class FakeJudge:
    """Withdraws what a test says; notes how many messages it was given at a time."""

    def __init__(self, *withdrawn: int) -> None:
        self.withdrawn = {f"A{n}" for n in withdrawn}
        self.given: list[int] = []

    def __call__(self, values: Sequence[bytes | None]) -> list[Outcome]:
        self.given.append(len(values))
        found = [unmatched_message(message(value=value), Seen(0), None).aid for value in values]
        return [
            Outcome(
                kind=OutcomeKind.RULED_OUT if aid in self.withdrawn else OutcomeKind.CLASSIFIED,
                alert=alert(aid=aid),
            )
            for aid in found
        ]


def ignored(what: str, more: int, total: int) -> None:
    """Progress that nobody looks at."""


def accounts(end: int) -> OffsetMarks:
    return OffsetMarks({("alerts", 0): PartitionMarks(0, end)})


def look(topics: FakeTopics, found: OffsetMarks, judge: FakeJudge) -> Rechecker:
    return Rechecker(topics, found, judge, ignored)  # type: ignore[arg-type]


def offsets(found: Iterable[UnmatchedMessage]) -> list[int]:
    return [one.location.offset for one in found]


async def test_what_a_rule_withdraws_is_accounted_for() -> None:
    found, judge = accounts(4), FakeJudge(1, 2)
    result = await look(FakeTopics(range(4)), found, judge).reclassify(list(found.unmatched()))
    assert offsets(result.ruled_out) == [1, 2]
    assert offsets(result.remaining) == [0, 3]
    assert found.count_outcomes()[OutcomeKind.RULED_OUT] == 2


async def test_where_nothing_is_left_nothing_is_fetched_or_judged() -> None:
    topics, judge = FakeTopics(range(4)), FakeJudge()
    result = await look(topics, accounts(4), judge).reclassify([])
    assert result.remaining == result.ruled_out == ()
    assert (topics.fetched, judge.given) == ([], [])


async def test_half_a_delivery_is_not_judged_for_a_rule_has_not_withdrawn_it() -> None:
    found, judge = accounts(2), FakeJudge(0, 1)
    found.mark(next(found.unmatched()), Seen.OUTPUT)
    result = await look(FakeTopics(range(2)), found, judge).reclassify(list(found.unmatched()))
    assert offsets(result.remaining) == [0]
    assert result.remaining[0].outcome_kind is None
    assert result.remaining[0].aid == "A0"
    assert judge.given == [1]


async def test_an_offset_without_a_message_is_none_to_account_for() -> None:
    found = accounts(3)
    topics = FakeTopics([0, 2])
    result = await look(topics, found, FakeJudge()).reclassify(list(found.unmatched()))
    assert offsets(result.remaining) == [0, 2]
    assert found.count_messages() == 2


async def test_many_are_judged_at_a_time_but_not_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recheck, "MESSAGES_AT_A_TIME", 4)
    found, judge = accounts(10), FakeJudge()
    await look(FakeTopics(range(10)), found, judge).reclassify(list(found.unmatched()))
    assert judge.given == [4, 4, 2]


def one(aid: str | None = "A", instant: int = NOW) -> UnmatchedMessage:
    outcome = Outcome(kind=OutcomeKind.CLASSIFIED, alert=alert(aid=aid) if aid else None)
    return unmatched_message(message(timestamp=instant), Seen(0), outcome)


@pytest.mark.parametrize(
    ("heard", "accounted"),
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
def test_an_unnamed_message_counts_by_its_key_and_time(
    heard: dict[str, Any], accounted: bool
) -> None:
    latest = LatestUnnamed([one()])
    usual: dict[str, Any] = {"key": b"A", "timestamp": NOW + 1}
    latest(message(**usual | heard))
    assert latest.covers(one()) is accounted


def test_what_cannot_be_decoded_is_not_found_by_key() -> None:
    latest = LatestUnnamed([one(None)])
    latest(message(key=b"", timestamp=NOW + 1))
    assert not latest.covers(one(None))


@pytest.mark.parametrize("lacking", [PublishedTopic.OUTPUT, PublishedTopic.SCRIBE])
async def test_by_key_both_output_and_command_are_needed(
    monkeypatch: pytest.MonkeyPatch, lacking: PublishedTopic
) -> None:
    async def scan(settings: Any, witness: PublishedTopic, begin: Any, listen: Any, _: Any) -> None:
        if witness is not lacking:
            listen(message(key=b"A0", timestamp=NOW))
        listen(message(key=b"A1", timestamp=NOW))

    monkeypatch.setattr(recheck, "scan", scan)
    found = accounts(3)
    second = look(FakeTopics(range(3)), found, FakeJudge())
    settings: Any = None
    assert await second.match_by_key(settings, list(found.unmatched()), None) == 1
    assert [place.offset for place in found.unmatched()] == [0, 2]

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from stampapp.audit.offset_marks import OffsetMarks, PartitionMarks, PublishedTopic, Seen
from stampapp.audit.reconcile import ProvenanceCollector
from stampapp.deadletters.encoding import dead_letter_headers
from stampapp.errors import BadAlert
from stampapp.kafka.message import Headers, TopicPartitionOffset
from stampapp.results import provenance
from stampapp.results.outcome import Outcome, OutcomeKind
from tests.support.alerts import alert, message
from tests.support.fake_classifier import classification

OUTPUT, SCRIBE, DEAD = PublishedTopic
FAULT = BadAlert("field", "bad")


def collect(topic_kind: PublishedTopic, headers: Headers) -> tuple[bool, OffsetMarks]:
    marks = OffsetMarks({("alerts", 0): PartitionMarks(0, 10)})
    names = ProvenanceCollector(marks, "group").collect(
        topic_kind, message(topic="out", headers=headers)
    )
    return names, marks


def headers(offset: int, group: str = "group", **outcome: Any) -> Headers:
    result = Outcome(**outcome)
    return provenance.headers_for_batch([message(offset)], [result], group)[0]


PREDICTION: dict[str, Any] = {
    "kind": OutcomeKind.CLASSIFIED,
    "alert": alert(),
    "classification": classification(alert()),
}


def test_prediction_marks_its_source() -> None:
    names, marks = collect(OUTPUT, headers(3, **PREDICTION))
    assert names
    assert 3 in {one.offset for one in marks.unmatched()}
    ProvenanceCollector(marks, "group").collect(SCRIBE, message(headers=headers(3, **PREDICTION)))
    assert 3 not in {one.offset for one in marks.unmatched()}


def test_messages_of_another_group_are_ignored() -> None:
    names, marks = collect(DEAD, (("error.type", b"x"), *headers(3, "other", **PREDICTION)))
    assert names
    assert sum(marks.count_outcomes().values()) == 0


@pytest.mark.parametrize("headers", [(), (("source.topic", b"alerts"),)])
def test_message_without_valid_headers_is_unnamed(headers: Headers) -> None:
    names, marks = collect(OUTPUT, headers)
    assert not names
    assert sum(marks.count_outcomes().values()) == 0


def parts(offset: int, count: int) -> list[Headers]:
    return provenance.headers_of_parts(headers(offset, **PREDICTION), count)


def scribe_outcomes(named: Iterable[Headers]) -> tuple[int, OffsetMarks]:
    """Return how many sources these commands prove, if all of them are in the output."""
    marks = OffsetMarks({("alerts", 0): PartitionMarks(0, 10)})
    for offset in range(10):
        marks.mark(TopicPartitionOffset(topic="alerts", partition=0, offset=offset), Seen.OUTPUT)
    collector = ProvenanceCollector(marks, "group")
    assert all(collector.collect(SCRIBE, message(headers=one)) for one in named)
    return marks.count_outcomes()[OutcomeKind.CLASSIFIED], marks


def test_a_source_is_marked_when_all_parts_are_there() -> None:
    for number in range(5):
        some = parts(3, 5)
        del some[number]
        assert scribe_outcomes(some)[0] == 0
    found, marks = scribe_outcomes([*parts(3, 5), *parts(4, 5), *parts(5, 5)[:2]])
    assert (found, marks.repeats[SCRIBE]) == (2, 0)


def test_parts_of_an_interrupted_delivery_are_no_repeat() -> None:
    found, marks = scribe_outcomes([*parts(3, 5)[:3], *parts(3, 5)])
    assert (found, marks.repeats[SCRIBE]) == (1, 0)
    found, marks = scribe_outcomes([*parts(3, 5), *parts(3, 5)])
    assert (found, marks.repeats[SCRIBE]) == (1, 1)
    # Another model had another number of classes.
    found, marks = scribe_outcomes([*parts(3, 4)[:3], *parts(3, 5)])
    assert (found, marks.repeats[SCRIBE]) == (1, 0)


def test_what_a_part_names_is_marked_with_the_source() -> None:
    outcomes = [Outcome(**PREDICTION), Outcome(kind=OutcomeKind.SUPERSEDED, alert=alert())]
    named = provenance.headers_for_batch([message(3), message(4)], outcomes, "group")[0]
    commands = provenance.headers_of_parts(named, 3)
    _, marks = scribe_outcomes(commands[:2])
    superseded = TopicPartitionOffset(topic="alerts", partition=0, offset=4)
    assert not marks.seen_at(superseded) & Seen.SUPERSEDED_IN_SCRIBE
    _, marks = scribe_outcomes(commands)
    assert marks.seen_at(superseded) & Seen.SUPERSEDED_IN_SCRIBE


@pytest.mark.parametrize("part", [b"1", b"0/5", b"6/5", b"x/5", b"1/99999", b"\xff/5"])
def test_a_part_that_is_none_names_nothing(part: bytes) -> None:
    names, _ = collect(SCRIBE, (*headers(3, **PREDICTION), ("source.part", part)))
    assert not names


def test_only_added_headers_of_a_dead_letter_count() -> None:
    forged = (*headers(5, **PREDICTION), ("source.superseded", b"alerts:0:6"))
    dead = message(3, headers=forged)
    source = headers(3, kind=OutcomeKind.DEAD_LETTERED, error=FAULT)
    _, marks = collect(DEAD, dead_letter_headers(dead, FAULT, source))
    assert marks.count_outcomes()[OutcomeKind.DEAD_LETTERED] == 1
    assert {3} == set(range(10)) - {one.offset for one in marks.unmatched()}

from __future__ import annotations

from typing import Any

import pytest

from stampapp.audit.offset_marks import OffsetMarks, PartitionMarks, PublishedTopic
from stampapp.audit.reconcile import ProvenanceCollector
from stampapp.deadletters.encoding import dead_letter_headers
from stampapp.errors import BadAlert
from stampapp.kafka.message import Headers
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


def test_only_added_headers_of_a_dead_letter_count() -> None:
    forged = (*headers(5, **PREDICTION), ("source.superseded", b"alerts:0:6"))
    dead = message(3, headers=forged)
    source = headers(3, kind=OutcomeKind.DEAD_LETTERED, error=FAULT)
    _, marks = collect(DEAD, dead_letter_headers(dead, FAULT, source))
    assert marks.count_outcomes()[OutcomeKind.DEAD_LETTERED] == 1
    assert {3} == set(range(10)) - {one.offset for one in marks.unmatched()}

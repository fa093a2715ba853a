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


def heard(witness: PublishedTopic, headers: Headers) -> tuple[bool, OffsetMarks]:
    accounts = OffsetMarks({("alerts", 0): PartitionMarks(0, 10)})
    names = ProvenanceCollector(accounts, "group").collect(
        witness, message(topic="out", headers=headers)
    )
    return names, accounts


def named(offset: int, group: str = "group", **outcome: Any) -> Headers:
    result = Outcome(**outcome)
    return provenance.headers_for_batch([message(offset)], [result], group)[0]


PREDICTION: dict[str, Any] = {
    "kind": OutcomeKind.CLASSIFIED,
    "alert": alert(),
    "classification": classification(alert()),
}


def test_a_prediction_is_heard() -> None:
    names, accounts = heard(OUTPUT, named(3, **PREDICTION))
    assert names
    assert 3 in {place.offset for place in accounts.unmatched()}
    ProvenanceCollector(accounts, "group").collect(SCRIBE, message(headers=named(3, **PREDICTION)))
    assert 3 not in {place.offset for place in accounts.unmatched()}


def test_what_another_group_has_published_says_nothing_about_this_one() -> None:
    names, accounts = heard(DEAD, (("error.type", b"x"), *named(3, "other", **PREDICTION)))
    assert names
    assert sum(accounts.count_outcomes().values()) == 0


@pytest.mark.parametrize("headers", [(), (("source.topic", b"alerts"),)])
def test_what_names_nobody_is_told(headers: Headers) -> None:
    names, accounts = heard(OUTPUT, headers)
    assert not names
    assert sum(accounts.count_outcomes().values()) == 0


def test_of_a_dead_letter_only_our_own_headers_are_believed() -> None:
    forged = (*named(5, **PREDICTION), ("source.superseded", b"alerts:0:6"))
    dead = message(3, headers=forged)
    source = named(3, kind=OutcomeKind.DEAD_LETTERED, error=FAULT)
    _, accounts = heard(DEAD, dead_letter_headers(dead, FAULT, source))
    assert accounts.count_outcomes()[OutcomeKind.DEAD_LETTERED] == 1
    assert {3} == set(range(10)) - {place.offset for place in accounts.unmatched()}

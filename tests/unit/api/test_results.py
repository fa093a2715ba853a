from __future__ import annotations

import pytest

from stampapp.api.results import Results
from stampapp.errors import BadAlert
from stampapp.results.alert_result import AlertResult, alert_result
from stampapp.results.outcome import Outcome, OutcomeKind
from tests.support.alerts import alert
from tests.support.fake_classifier import classification


def record(aid: str, class_name: str | None = "SN") -> AlertResult:
    of = alert(aid=aid)
    kind = OutcomeKind.CLASSIFIED if class_name else OutcomeKind.RULED_OUT
    outcome = Outcome(kind=kind, alert=of, classification=classification(of, class_name))
    return alert_result(outcome, "fake", "1.2.3")


def unreadable() -> AlertResult:
    error = BadAlert("not-avro", "not an Avro object container")
    return alert_result(Outcome(kind=OutcomeKind.DEAD_LETTERED, error=error), "fake", "1.2.3")


@pytest.fixture
def results() -> Results:
    found = [record("a"), record("b", None), unreadable(), record("c", "bogus"), record("d")]
    return Results(found, name="fake", version="1.2.3", classes=("SN", "bogus"))


def test_it_is_a_sequence_of_its_records(results: Results) -> None:
    assert len(results) == 5
    assert [one.aid for one in results] == ["a", "b", None, "c", "d"]
    assert results[-1].aid == "d"
    with pytest.raises(IndexError):
        results[5]


def test_a_slice_of_it_is_the_same_kind_of_thing(results: Results) -> None:
    part = results[1:4:2]
    assert isinstance(part, Results)
    assert [one.aid for one in part] == ["b", "c"]
    assert (part.name, part.version, part.classes) == ("fake", "1.2.3", ("SN", "bogus"))


def test_it_says_how_many_have_each_class(results: Results) -> None:
    assert repr(results) == (
        "<Results of 5 alerts by fake 1.2.3: 2 SN, 1 ruled out, 1 not classified, 1 bogus>"
    )
    assert repr(results[:0]) == "<Results of 0 alerts by fake 1.2.3: none>"

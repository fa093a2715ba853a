from __future__ import annotations

from datetime import UTC, datetime

import pytest
from astropy import units

from stampapp.alerts.surveys import Survey
from stampapp.api.results import Results
from stampapp.config import extras
from stampapp.errors import BadAlert, ConfigError
from stampapp.results.alert_result import AlertResult, alert_result
from stampapp.results.outcome import Outcome, OutcomeKind
from stampapp.tables.result_table import TableSource
from tests.support.alerts import alert
from tests.support.fake_classifier import classification

SOURCE = TableSource(
    survey=Survey.ZTF,
    classes=("SN", "bogus"),
    classifier_name="fake",
    classifier_version="1.2.3",
    created=datetime(2026, 11, 29, 12, tzinfo=UTC),
)


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
    return Results(found, SOURCE)


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
    assert part.source is SOURCE


def test_it_says_how_many_have_each_class(results: Results) -> None:
    assert repr(results) == (
        "<Results of 5 alerts by fake 1.2.3: 2 SN, 1 ruled out, 1 not classified, 1 bogus>"
    )
    assert repr(results[:0]) == "<Results of 0 alerts by fake 1.2.3: none>"


def test_a_table_has_its_rows_with_units(results: Results) -> None:
    table = results.to_table()
    assert list(table["aid"].filled("")) == ["a", "b", "", "c", "d"]
    assert table["ra"].unit is units.deg
    assert table.meta["classifier_name"] == "fake"


def test_a_frame_has_the_columns_of_the_table_and_what_is_unknown_is_missing(
    results: Results,
) -> None:
    frame, table = results.to_pandas(), results.to_table()
    assert list(frame.columns) == table.colnames
    assert list(frame["class_name"].isna()) == [False, True, True, False, False]
    assert list(frame["ra"].isna()) == [False, False, True, False, False]
    assert list(frame["candid"].dropna()) == ["516171791415015025"] * 4
    assert frame["probability_SN"].dtype.kind == "f"


def test_without_pandas_the_extra_is_named(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pandas is not installed: .*stampapp\[tables\]"):
        results.to_pandas()

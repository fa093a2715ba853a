from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from astropy import units
from astropy.table import Table

from stampapp.alerts.surveys import Survey
from stampapp.errors import BadAlert
from stampapp.results.alert_result import AlertResult, alert_result
from stampapp.results.outcome import Outcome, OutcomeKind
from stampapp.tables.result_table import TableSource, result_table
from stampapp.version import __version__
from tests.support.alerts import alert
from tests.support.fake_classifier import classification

SOURCE = TableSource(
    survey=Survey.LSST,
    classes=("SN", "bogus"),
    classifier_name="fake",
    classifier_version="1.2.3",
    created=datetime(2026, 11, 29, 12, tzinfo=UTC),
)
# More digits than a float has.
ALERT = alert(aid="9223372036854775807", candid="169813006111211570", mag=18.5)
COLUMNS = [
    *("candid", "aid", "oid", "mjd", "ra", "dec", "fid", "mag", "e_mag", "outcome", "class_name"),
    *("probability_SN", "probability_bogus", "rule", "cause", "error"),
    *("classifier_name", "classifier_version"),
]


def results() -> list[AlertResult]:
    classified = Outcome(
        kind=OutcomeKind.CLASSIFIED, alert=ALERT, classification=classification(ALERT)
    )
    unread = Outcome(kind=OutcomeKind.DEAD_LETTERED, error=BadAlert("empty", "it has no value"))
    return [alert_result(one, "fake", "1.2.3") for one in (classified, unread)]


def test_the_columns_and_their_units() -> None:
    table = result_table(results(), SOURCE)
    assert table.colnames == COLUMNS
    shown = {name: str(table[name].unit) for name in COLUMNS if table[name].unit is not None}
    assert shown == {
        "mjd": "d",
        "ra": "deg",
        "dec": "deg",
        "mag": "mag",
        "e_mag": "mag",
        "probability_SN": "",
        "probability_bogus": "",
    }
    assert all(table[name].description for name in COLUMNS)


def test_the_values_of_a_classified_alert() -> None:
    row = result_table(results(), SOURCE)[0]
    assert (row["candid"], row["aid"]) == (ALERT.candid, ALERT.aid)
    assert (row["mjd"], row["ra"], row["mag"]) == (ALERT.mjd, ALERT.ra, 18.5)
    assert (row["outcome"], row["class_name"]) == ("classified", "SN")
    assert (row["probability_SN"], row["probability_bogus"]) == (0.75, 0.25)
    assert row["rule"] is np.ma.masked
    assert row["error"] is np.ma.masked


def test_what_is_not_known_is_masked() -> None:
    row = result_table(results(), SOURCE)[1]
    known = [name for name in COLUMNS if row[name] is not np.ma.masked]
    assert known == ["outcome", "cause", "error", "classifier_name", "classifier_version"]
    assert (row["outcome"], row["cause"]) == ("dead_lettered", "empty")


def test_the_metadata_say_what_made_it() -> None:
    assert result_table([], SOURCE).meta == {
        "survey": "LSST",
        "classifier_name": "fake",
        "classifier_version": "1.2.3",
        "classes": "SN,bogus",
        "created": "2026-11-29T12:00:00Z",
        "stampapp_version": __version__,
    }


def test_without_results_the_columns_are_the_same() -> None:
    table = result_table([], SOURCE)
    assert table.colnames == COLUMNS
    assert len(table) == 0


def test_a_file_keeps_values_units_and_metadata(tmp_path: Path) -> None:
    table = result_table(results(), SOURCE)
    table.write(tmp_path / "night.ecsv")
    found = Table.read(tmp_path / "night.ecsv")
    assert found.meta == table.meta
    assert found["dec"].unit is units.deg
    # A column of digits stays text.
    assert list(found["aid"].filled("")) == [ALERT.aid, ""]
    assert found["error"][0] is np.ma.masked

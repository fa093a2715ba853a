"""TOPCAT reads the tables: its library, STIL, in a Java of its own."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stampapp.alerts.surveys import Survey
from stampapp.errors import BadAlert
from stampapp.results.alert_result import AlertResult, alert_result
from stampapp.results.outcome import Outcome, OutcomeKind
from stampapp.tables.result_table import TableSource, result_table
from stampapp.tables.table_files import write_results
from tests.support.alerts import alert
from tests.support.fake_classifier import classification
from tests.support.maven_jars import STIL, executable, jars

READER = Path(__file__).parents[1] / "support" / "stil" / "ReadTables.java"
KINDS = ("vot", "fits", "ecsv", "csv")
SOURCE = TableSource(
    survey=Survey.LSST,
    classes=("SN", "bogus"),
    classifier_name="fake",
    classifier_version="1.2.3",
    created=datetime(2026, 11, 29, 12, tzinfo=UTC),
)
# Two numbers that a float cannot tell apart.
CANDIDS = ("9223372036854775806", "9223372036854775807")
ERROR = 'a <b>name</b>, "quoted"'


def results() -> list[AlertResult]:
    found = [alert(candid=candid, mag=18.5) for candid in CANDIDS]
    outcomes = [
        Outcome(kind=OutcomeKind.CLASSIFIED, alert=one, classification=classification(one))
        for one in found
    ]
    failed = Outcome(kind=OutcomeKind.DEAD_LETTERED, error=BadAlert("empty", ERROR))
    return [alert_result(one, "fake", "1.2.3") for one in (*outcomes, failed)]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What TOPCAT finds in a table of each kind."""
    folder = tmp_path_factory.mktemp("tables")
    paths = [folder / f"night.{kind}" for kind in KINDS]
    for path in paths:
        write_results(path, results, SOURCE)
    java = executable("java", "install a JDK of version 17 or later")
    done = subprocess.run(
        [java, "-cp", f"{jars(STIL)}/*", str(READER), *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return dict(zip(KINDS, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_and_column_is_there(kind: str, read: dict[str, dict[str, Any]]) -> None:
    expected = result_table(results(), SOURCE)
    assert read[kind]["names"] == expected.colnames
    rows = [dict(zip(expected.colnames, row, strict=True)) for row in read[kind]["rows"]]
    assert [row["candid"] for row in rows] == [*CANDIDS, None]
    assert [row["class_name"] for row in rows] == ["SN", "SN", None]
    assert [row["error"] for row in rows] == [None, None, ERROR]
    numbers = [(float(row["mag"]), float(row["probability_bogus"])) for row in rows[:2]]
    assert numbers == [(18.5, 0.25)] * 2
    assert rows[2]["mag"] in {None, "NaN"}


@pytest.mark.parametrize("kind", ["vot", "fits", "ecsv"])
def test_units_and_what_made_it_are_there(kind: str, read: dict[str, dict[str, Any]]) -> None:
    found = read[kind]["units"]
    assert {name: found[name] for name in ("mjd", "ra", "mag")} == {
        "mjd": "d",
        "ra": "deg",
        "mag": "mag",
    }
    parameters = read[kind]["parameters"]
    assert {"fake", "1.2.3", "LSST"} <= set(parameters.values())

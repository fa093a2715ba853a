from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
from astropy import units
from astropy.io import fits, votable
from astropy.table import Table

from stampapp.alerts.surveys import Survey
from stampapp.errors import BadAlert, ConfigError
from stampapp.results.alert_result import AlertResult, alert_result
from stampapp.results.outcome import Outcome, OutcomeKind
from stampapp.tables import table_files
from stampapp.tables.result_table import TableSource, result_table
from stampapp.tables.table_files import table_writer, write_results
from tests.support.alerts import alert
from tests.support.fake_classifier import classification

SOURCE = TableSource(
    survey=Survey.LSST,
    classes=("SN", "bogus"),
    classifier_name="fake",
    classifier_version="1.2.3",
    created=datetime(2026, 11, 29, 12, tzinfo=UTC),
)
KINDS = ("parquet", "csv", "ecsv", "vot", "fits")
COUNT = 7
ERROR = 'Größe "ü", <b>&amp;</b>, </TABLEDATA>\n# 2'
SHOWN = 'Größe "ü", <b>&amp;</b>, </TABLEDATA>\N{REPLACEMENT CHARACTER}# 2'


def results(count: int = COUNT) -> list[AlertResult]:
    """Return results of which every third is an error, with ids of more digits than a float has."""
    return [one(number) for number in range(count)]


def one(number: int) -> AlertResult:
    if number % 3 == 2:
        failed = Outcome(kind=OutcomeKind.DEAD_LETTERED, error=BadAlert("empty", ERROR))
        return alert_result(failed, "fake", "1.2.3")
    of = alert(aid="9223372036854775807", candid=str(169813006111211570 + number), mag=18.5)
    done = Outcome(kind=OutcomeKind.CLASSIFIED, alert=of, classification=classification(of))
    return alert_result(done, "fake", "1.2.3")


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "_CHUNK", 3)


def written(folder: Path, kind: str, count: int = COUNT) -> Path:
    path = folder / f"night.{kind}"
    assert write_results(path, lambda: results(count), SOURCE) == count
    return path


def read(path: Path) -> Table:
    if path.suffix == ".csv":
        return Table.read(path, format="ascii.csv", converters={"candid": str, "aid": str})
    return Table.read(path)


def text(value: Any) -> str:
    return "" if value is np.ma.masked else str(value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [0, 1, 3, COUNT])
def test_astropy_reads_every_row_of_every_kind(kind: str, count: int, tmp_path: Path) -> None:
    found = read(written(tmp_path, kind, count))
    expected = result_table(results(count), SOURCE)
    assert found.colnames == expected.colnames
    assert len(found) == count
    for name in expected.colnames if count else ():
        values = [text(value) for value in found[name]]
        if expected[name].dtype.kind == "f":
            floats = [np.nan if value in {"", "nan"} else float(value) for value in values]
            np.testing.assert_array_equal(floats, expected[name].filled(np.nan))
        elif kind == "fits" and name == "error":
            escaped = SHOWN.encode("ascii", "backslashreplace").decode()
            assert values == [escaped if value else "" for value in map(text, expected[name])]
        else:
            assert values == [text(value) for value in expected[name]]


@pytest.mark.parametrize("kind", ["parquet", "ecsv", "vot", "fits"])
def test_units_are_kept(kind: str, tmp_path: Path) -> None:
    found = read(written(tmp_path, kind))
    assert found["mjd"].unit == units.day
    assert found["ra"].unit == found["dec"].unit == units.deg
    assert found["mag"].unit == units.mag


@pytest.mark.parametrize("kind", ["parquet", "ecsv"])
def test_astropy_finds_what_made_it(kind: str, tmp_path: Path) -> None:
    found = read(written(tmp_path, kind))
    assert found.meta == result_table([], SOURCE).meta
    assert found["mjd"].description == "time of the detection, modified Julian date (UTC)"


def test_a_votable_has_what_made_it_as_parameters(tmp_path: Path) -> None:
    table = votable.parse(written(tmp_path, "vot")).get_first_table()
    found = {one.name: one.value for one in table.params}
    assert found == result_table([], SOURCE).meta


def test_a_fits_table_has_what_made_it_as_keywords(tmp_path: Path) -> None:
    header = fits.getheader(written(tmp_path, "fits"), 1)
    assert (header["CLFNAME"], header["CLFVERS"], header["SURVEY"]) == ("fake", "1.2.3", "LSST")
    assert header["DATE"] == "2026-11-29T12:00:00Z"
    assert header["TCOMM4"] == "time of the detection, modified Julian date (UTC)"


def test_pandas_reads_parquet_and_csv(tmp_path: Path) -> None:
    for found in (
        pd.read_parquet(written(tmp_path, "parquet")),
        pd.read_csv(written(tmp_path, "csv"), dtype={"candid": str}, keep_default_na=False),
    ):
        assert list(found["candid"][:2]) == ["169813006111211570", "169813006111211571"]
        assert list(found["error"][:3]) == ["", "", SHOWN]


@pytest.mark.parametrize("kind", KINDS)
def test_the_results_are_read_twice(kind: str, tmp_path: Path) -> None:
    read_results = Mock(side_effect=results)
    write_results(tmp_path / f"night.{kind}", read_results, SOURCE)
    assert read_results.call_count == 2


def test_an_older_file_is_replaced_and_no_draft_remains(tmp_path: Path) -> None:
    (tmp_path / "night.csv").write_text("old")
    written(tmp_path, "csv")
    assert [path.name for path in tmp_path.iterdir()] == ["night.csv"]
    assert (tmp_path / "night.csv").read_text().startswith("candid,aid,oid,")


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "night.csv").symlink_to(tmp_path / "disk" / "real.csv")
    written(tmp_path, "csv")
    assert (tmp_path / "night.csv").is_symlink()
    assert (tmp_path / "disk" / "real.csv").read_text().startswith("candid,aid,oid,")


def test_a_file_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(table_files._WRITERS, ".csv", fail)
    with pytest.raises(ConfigError, match=r"night\.csv cannot be written: No space left"):
        written(tmp_path, "csv")
    assert list(tmp_path.iterdir()) == []


def test_another_kind_names_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"with \.parquet, \.csv, \.ecsv, \.vot or \.fits"):
        table_writer(tmp_path / "night.xlsx")


def test_a_folder_or_a_file_in_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(ConfigError, match=r"a\.csv is a folder"):
        table_writer(tmp_path / "a.csv")
    with pytest.raises(ConfigError, match="nowhere is no folder"):
        table_writer(tmp_path / "nowhere" / "b.csv")


def test_parquet_names_the_extra_that_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stampapp.config.extras.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pyarrow is not installed: .*stampapp\[tables\]"):
        table_writer(tmp_path / "night.parquet")
    table_writer(tmp_path / "night.fits")

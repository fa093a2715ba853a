from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

from stampapp.alerts.alert import Alert
from stampapp.api.alert_source import (
    AlertSource,
    UnreadableAlertWarning,
    decoded_alerts,
    read_alerts,
)
from stampapp.api.survey_alert import SurveyAlert
from stampapp.avro.message_schemas import NO_SCHEMAS
from stampapp.errors import BadAlert, ConfigError
from tests.support.alerts import alert, container, record
from tests.support.archives import tar
from tests.support.lsst_alerts import OBJECT, lsst_alert
from tests.support.lsst_schemas import bare_packet, schema_json

ONE, TWO = container(record(aid="1")), container(record(aid="2"), record(aid="3"))
ALERT = SurveyAlert.of(alert(aid="4"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "one.avro").write_bytes(ONE)
    (tmp_path / "two.avro").write_bytes(TWO)
    return tmp_path


def names(source: AlertSource) -> list[str]:
    """The aids of the alerts of a source, and the causes of what is none."""
    found = decoded_alerts(source, NO_SCHEMAS)
    return [one.aid if isinstance(one, Alert) else one.cause for one in found]


def test_a_source_is_a_path_or_several(folder: Path) -> None:
    one, two = folder / "one.avro", folder / "two.avro"
    assert names(one) == names(str(one)) == ["1"]
    assert names([two, str(one)]) == ["2", "3", "1"]
    assert names(folder) == ["1", "2", "3"]
    assert names(path for path in (two, one)) == ["2", "3", "1"]


def test_a_source_is_the_bytes_of_a_message_or_a_file() -> None:
    assert names(ONE) == ["1"]
    assert names(gzip.compress(TWO)) == ["2", "3"]
    assert names([bytearray(TWO), memoryview(ONE)]) == ["2", "3", "1"]
    assert names(memoryview(ONE)) == names(bytearray(ONE)) == ["1"]
    assert names(tar(a=ONE, b=TWO)) == ["1", "2", "3"]


def test_a_source_is_an_alert_or_an_iterable_of_anything_that_has_alerts(folder: Path) -> None:
    assert names(ALERT) == ["4"]
    assert names([ALERT, TWO, folder / "one.avro"]) == ["4", "2", "3", "1"]
    assert names(read_alerts(folder)) == ["1", "2", "3"]
    assert names([]) == []


def test_an_endless_iterable_is_read_one_by_one() -> None:
    found = decoded_alerts(repeat(ONE), NO_SCHEMAS)
    assert next(found) == next(found)


def test_what_cannot_be_read_is_in_its_place(folder: Path) -> None:
    (folder / "cut.avro").write_bytes(ONE[:-30])
    paths = [folder / "one.avro", folder / "cut.avro", folder / "two.avro"]
    assert names(paths) == ["1", "avro-damaged", "2", "3"]
    assert names([b"", b"words", ONE]) == ["empty", "not-avro", "1"]
    *_, found = decoded_alerts(tar(a=b"words"), NO_SCHEMAS)
    assert isinstance(found, BadAlert)
    assert str(found).startswith("bytes:a: not an Avro object container")


def test_a_wrong_path_is_an_error_before_anything_is_read(folder: Path) -> None:
    (folder / "notes.txt").write_text("words")
    (folder / "empty").mkdir()
    for path, problem in {
        "gone.avro": "there is no",
        "notes.txt": "is no file of alerts",
        "empty": "holds no alerts",
    }.items():
        with pytest.raises(ConfigError, match=problem):
            read_alerts(folder / path)
    with pytest.raises(ConfigError, match="there is no"):
        read_alerts([folder / "one.avro", folder / "gone.avro"])


@pytest.mark.parametrize("item", [7, None, alert()], ids=["number", "None", "undecoded"])
def test_what_is_no_source_is_a_type_error(item: Any) -> None:
    with pytest.raises(TypeError, match="a path, bytes, an alert, or an iterable of these"):
        names([item])


@pytest.mark.parametrize("source", [7, None, {}, {"a": ONE}, {ONE: "a"}.items])
def test_what_is_neither_a_source_nor_several_is_a_type_error(source: Any) -> None:
    with pytest.raises(TypeError, match="a path, bytes, an alert, or an iterable of these"):
        names(source)


def test_an_open_file_is_no_source(folder: Path) -> None:
    with (folder / "one.avro").open("rb") as file:
        for source in (file, [file], io.BytesIO(ONE)):
            with pytest.raises(
                TypeError, match=r"not B.*: give the path of the file, or its \.read"
            ):
                names(source)  # type: ignore[arg-type]  # what a notebook may do


def test_an_empty_path_is_not_the_working_directory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    for source in ("", ["one.avro", ""]):
        with pytest.raises(ConfigError, match="a path is empty: name a file or a folder"):
            names(source)
    with pytest.raises(ConfigError, match="schema_path is empty"):
        read_alerts(ONE, schema_path="")


def test_reading_alerts_warns_of_what_it_leaves_out(folder: Path) -> None:
    (folder / "cut.avro").write_bytes(ONE[:-30])
    with pytest.warns(UnreadableAlertWarning, match=r"^avro-damaged: .*cut\.avro: ") as warned:
        found = [one.aid for one in read_alerts(folder)]
    assert found == ["1", "2", "3"]
    assert [Path(one.filename) for one in warned] == [Path(__file__)]


def test_an_iterator_that_is_left_closes_its_file(folder: Path) -> None:
    found = read_alerts(folder / "two.avro")
    assert isinstance(found, Iterator)
    assert next(found).aid == "2"
    del found


def test_messages_without_their_schema_need_one(tmp_path: Path) -> None:
    bare = bare_packet(1000, lsst_alert())
    with pytest.warns(UnreadableAlertWarning, match="SCHEMA_PATH"):
        assert list(read_alerts(bare)) == []
    schema = tmp_path / "alert.avsc"
    schema.write_text(json.dumps(schema_json(1000)))
    assert [one.aid for one in read_alerts(bare, schema_path=schema)] == [str(OBJECT)]
    with pytest.raises(ConfigError, match="gone"):
        read_alerts(bare, schema_path=tmp_path / "gone.avsc")

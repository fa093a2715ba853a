from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from stampapp.alerts.alert import Alert
from stampapp.alerts.detection_limit import DetectionLimit
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.batch import BATCH_SIZE
from stampapp.commands import classify as command
from stampapp.commands.result_lines import ResultLines
from stampapp.errors import BadAlert
from stampapp.feeds.alert_files import find_alert_files
from stampapp.results.outcome import Classification
from stampapp.results.summary import Summary
from tests.support.alerts import container, record
from tests.support.archives import tar
from tests.support.fake_classifier import FakeClassifier, classification
from tests.support.lsst_alerts import OBJECT, lsst_alert
from tests.support.lsst_packets import container as lsst_container

STAMPLESS = dict.fromkeys(("science", "template", "difference"))


def small(**changes: object) -> dict[str, Any]:
    return record(stamps=STAMPLESS, **changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two objects, of which one comes again earlier in the other file, and a foreign file."""
    files = {
        "a.avro": container(small(aid="A", candid="1", mjd=2.0), small(aid="B", candid="2")),
        "deep/b.avro": container(small(aid="A", candid="3", mjd=1.0)),
        "notes.txt": b"no alerts",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return tmp_path


def run(
    *paths: Path,
    classifier: FakeClassifier | None = None,
    every_alert: bool = False,
    limit: DetectionLimit | None = None,
) -> tuple[Summary, list[dict[str, Any]]]:
    out = io.StringIO()
    chosen = classifier or FakeClassifier()
    summary = command.classify_files(
        find_alert_files(paths),
        chosen,
        ResultLines(chosen, out, as_json=True),
        every_alert=every_alert,
        limit=limit,
    )
    return summary, [json.loads(line) for line in out.getvalue().splitlines()]


def test_the_earliest_alert_of_each_object_over_all_files(folder: Path) -> None:
    summary, lines = run(folder)
    assert [line["candid"] for line in lines] == ["2", "3"]
    assert summary == Summary(read=3, classified=2, ruled_out=0, errors=0)
    assert str(summary) == (
        "3 alerts: 2 classified, 0 ruled out, 1 superseded by an earlier one of their object,"
        " 0 with an error"
    )


def test_every_alert_where_that_is_asked_for(folder: Path) -> None:
    summary, lines = run(folder, every_alert=True)
    assert [line["candid"] for line in lines] == ["1", "2", "3"]
    assert summary == Summary(read=3, classified=3, ruled_out=0, errors=0)


def test_alerts_over_max_detections_are_counted_and_have_no_line(folder: Path) -> None:
    known = {"aid": "C", "mjd": 0.5, "extra_fields": {"ndethist": 6}}
    (folder / "known.avro").write_bytes(container(small(candid="4", **known)))
    limit = DetectionLimit(survey=Survey.ZTF, most=5)
    summary, lines = run(folder, limit=limit)
    assert [line["candid"] for line in lines] == ["2", "3"]
    assert summary == Summary(read=4, classified=2, ruled_out=0, errors=0, over_max_detections=1)
    assert str(summary) == (
        "4 alerts: 2 classified, 0 ruled out, 1 superseded by an earlier one of their object,"
        " 1 superseded by MAX_DETECTIONS, 0 with an error"
    )
    summary, lines = run(folder, limit=limit, every_alert=True)
    assert len(lines) == summary.classified == 4


def test_a_line_of_json(folder: Path) -> None:
    _, (line,) = run(folder / "deep" / "b.avro")
    assert line == {
        "candid": "3",
        "aid": "A",
        "oid": "ZTF20abcdefg",
        "mjd": 1.0,
        "probabilities": {"SN": 0.75, "bogus": 0.25},
        "class_name": "SN",
        "rule": None,
        "error": None,
        "classifier_name": "fake",
        "classifier_version": "1.2.3",
    }


def test_a_ruled_out_result_has_its_rule(folder: Path) -> None:
    def rule_out(one: Alert) -> Classification:
        return classification(one, None)

    summary, (line,) = run(folder / "deep" / "b.avro", classifier=FakeClassifier(rule_out))
    assert summary == Summary(read=1, classified=0, ruled_out=1, errors=0)
    assert (line["class_name"], line["rule"], line["error"]) == (None, "withdrawn", None)
    assert line["probabilities"] == {"SN": 0.75, "bogus": 0.25}


def test_a_damaged_file_is_named_and_harms_no_other(folder: Path) -> None:
    bad = folder / "a0.avro"
    bad.write_bytes(container(small(aid="C", candid="4"))[:-1])
    summary, lines = run(folder)
    assert [line["candid"] for line in lines] == ["2", None, "3"]
    assert lines[1]["error"].startswith(f"{bad}: ")
    assert lines[1]["probabilities"] is None
    assert summary == Summary(read=4, classified=2, ruled_out=0, errors=1)


def test_a_damaged_length_in_a_file_is_an_error_of_that_file(folder: Path) -> None:
    """Such a file once allocated as much memory as the length declares."""
    whole = container()
    (folder / "a.avro").write_bytes(whole + b"\x02" + b"\xfe" * 8 + b"\x01" + b"rest")
    summary, lines = run(folder / "a.avro")
    assert summary == Summary(read=1, classified=0, ruled_out=0, errors=1)
    assert "damaged" in lines[0]["error"]


def test_an_archive_is_its_members_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    members = {
        "1.avro": container(small(aid="A", candid="1")),
        "2.avro": b"no container",
        "3.avro": container(small(aid="B", candid="2"))[:-1],
        "4.avro": container(small(aid="C", candid="3"), small(aid="D", candid="4")),
    }
    night = tmp_path / "night.tar.gz"
    night.write_bytes(gzip.compress(tar(**members)))
    summary, lines = run(night)
    assert [line["candid"] for line in lines] == ["1", None, None, "3", "4"]
    assert lines[1]["error"].startswith(f"{night}:2.avro: not an Avro object container")
    assert lines[2]["error"].startswith(f"{night}:3.avro: ")
    assert summary == Summary(read=5, classified=3, ruled_out=0, errors=2)


def test_what_the_classifier_refuses_is_shown_with_its_alert(folder: Path) -> None:
    def refuse(one: Alert) -> None:
        if one.candid == "3":
            raise BadAlert("stamp-missing", "there is no stamp")

    summary, lines = run(folder, classifier=FakeClassifier(check=refuse))
    assert [(line["candid"], line["error"]) for line in lines] == [
        ("1", None),
        ("2", None),
        ("3", "there is no stamp"),
    ]
    assert summary == Summary(read=3, classified=2, ruled_out=0, errors=1)


def test_more_alerts_than_a_batch_are_classified_in_batches(tmp_path: Path) -> None:
    count = BATCH_SIZE + 3
    path = tmp_path / "many.avro"
    path.write_bytes(container(*(small(aid=f"A{n}", candid=str(n)) for n in range(count))))
    classifier = FakeClassifier()
    summary, lines = run(path, classifier=classifier)
    assert [len(batch) for batch in classifier.batches] == [BATCH_SIZE, 3]
    assert [line["candid"] for line in lines] == [str(n) for n in range(count)]
    assert summary == Summary(read=count, classified=count, ruled_out=0, errors=0)


def table(path: Path, classifier: FakeClassifier, *, every_alert: bool = False) -> list[str]:
    out = io.StringIO()
    lines = ResultLines(classifier, out, as_json=False)
    command.classify_files(find_alert_files([path]), classifier, lines, every_alert=every_alert)
    return out.getvalue().splitlines()


def test_the_table(folder: Path) -> None:
    bad = folder / "z.avro"
    bad.write_bytes(b"no container")
    heading, second, third, damaged = table(folder, FakeClassifier())
    assert heading.split() == ["candid", "object", "class", "SN", "bogus"]
    assert second.split() == ["2", "ZTF20abcdefg", "SN", "0.750", "0.250"]
    assert third.split() == ["3", "ZTF20abcdefg", "SN", "0.750", "0.250"]
    assert damaged.split()[:4] == ["?", "?", "error", f"{bad}:"]


def test_a_column_is_as_wide_as_the_names_of_a_surveys_objects(tmp_path: Path) -> None:
    (tmp_path / "a.avro").write_bytes(lsst_container(lsst_alert()))
    heading, row = table(tmp_path / "a.avro", FakeClassifier(), every_alert=True)
    assert heading.index("class") == row.index("SN") == 21 + len(str(OBJECT)) + 2


def test_a_ruled_out_result_in_the_table(folder: Path) -> None:
    def rule_out(one: Alert) -> Classification:
        return classification(one, None)

    _, row, _ = table(folder / "a.avro", FakeClassifier(rule_out), every_alert=True)
    assert row.split() == ["1", "ZTF20abcdefg", "-", "0.750", "0.250", "withdrawn"]

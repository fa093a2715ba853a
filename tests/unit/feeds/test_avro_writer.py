from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from stampapp.alerts import packets
from stampapp.alerts.alert import Alert, LabelledAlert
from stampapp.alerts.surveys import Survey
from stampapp.errors import ConfigError, StampError
from stampapp.feeds import avro_writer
from tests.support.alerts import alert

SOME = [
    LabelledAlert(alert=alert(survey=survey, candid=str(10**6 + number)), label=label)
    for number, (survey, label) in enumerate([(Survey.ZTF, "SN"), (Survey.ATLAS, "AGN")])
]


def read(path: Path) -> list[Alert]:
    with path.open("rb") as file:
        found = list(packets.decode_records(file))
    return [one for one in found if isinstance(one, Alert)]


def test_alerts_and_labels_are_written_next_to_each_other(tmp_path: Path) -> None:
    alerts, labels = tmp_path / "sky.avro", tmp_path / "labels.csv"
    avro_writer.write_alerts(SOME, alerts, labels)
    assert [one.candid for one in read(alerts)] == [one.alert.candid for one in SOME]
    with labels.open() as file:
        rows = list(csv.DictReader(file))
    # In the spelling of each survey's classifiers.
    assert rows == [
        {"candid": "1000000", "label": "SN"},
        {"candid": "1000001", "label": "agn"},
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels.csv", "sky.avro"]


def test_the_labels_do_not_stand_in_the_file_of_alerts(tmp_path: Path) -> None:
    odd = [LabelledAlert(alert=one.alert, label="meteorite") for one in SOME[:1]]
    avro_writer.write_alerts(odd, tmp_path / "sky.avro", tmp_path / "labels.csv")
    assert b"meteorite" not in (tmp_path / "sky.avro").read_bytes()


class Broken(Exception):  # noqa: N818
    pass


def interrupted() -> Iterator[LabelledAlert]:
    yield SOME[0]
    raise Broken


def test_what_was_drawn_before_a_failure_is_kept(tmp_path: Path) -> None:
    def dying() -> Iterator[LabelledAlert]:
        yield SOME[0]
        raise StampError("a process died")

    alerts, labels = tmp_path / "sky.avro", tmp_path / "labels.csv"
    with pytest.raises(StampError, match="a process died"):
        avro_writer.write_alerts(dying(), alerts, labels)
    assert [one.candid for one in read(alerts)] == [SOME[0].alert.candid]
    assert labels.read_text() == "candid,label\n1000000,SN\n"


def test_without_any_alert_the_previous_files_stay(tmp_path: Path) -> None:
    (tmp_path / "sky.avro").write_bytes(b"older")
    assert avro_writer.write_alerts([], tmp_path / "sky.avro", tmp_path / "labels.csv") == 0
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"older"]


def test_an_interrupt_leaves_the_previous_file(tmp_path: Path) -> None:
    alerts, labels = tmp_path / "sky.avro", tmp_path / "labels.csv"
    alerts.write_bytes(b"older")
    with pytest.raises(Broken):
        avro_writer.write_alerts(interrupted(), alerts, labels)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"older"]


def test_older_files_are_replaced(tmp_path: Path) -> None:
    alerts, labels = tmp_path / "sky.avro", tmp_path / "labels.csv"
    avro_writer.write_alerts(SOME, alerts, labels)
    avro_writer.write_alerts(SOME[:1], alerts, labels)
    assert len(read(alerts)) == 1
    assert labels.read_text() == "candid,label\n1000000,SN\n"


@pytest.mark.parametrize("name", ["folder", "missing/sky.avro"])
def test_a_path_that_cannot_be_written_is_named_before_anything_is_drawn(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    drawn = interrupted()
    with pytest.raises(ConfigError, match=name):
        avro_writer.write_alerts(drawn, tmp_path / name, tmp_path / "labels.csv")
    assert next(drawn) == SOME[0]


def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").symlink_to("/dev/full")
    # The draft of the labels is what fills up.
    (tmp_path / ".labels.csv.draft").symlink_to("/dev/full")
    with pytest.raises(ConfigError, match=r"cannot be written: No space left"):
        avro_writer.write_alerts(SOME, tmp_path / "sky.avro", tmp_path / "labels.csv")

from __future__ import annotations

from io import BytesIO
from itertools import islice
from pathlib import Path

import fastavro
import pytest

from stampapp.alerts import packets
from stampapp.alerts.surveys import Survey
from stampapp.demo.alert_loop import loop_alerts
from stampapp.demo.demo_message import DemoMessage
from stampapp.errors import ConfigError
from stampapp.feeds.alert_encoding import message_encoder
from tests.support.alerts import container, record
from tests.support.archives import tar
from tests.support.lsst_alerts import OBJECT, lsst_alert
from tests.support.packets import raw_atlas, raw_ztf

BOTH = (Survey.ZTF, Survey.ATLAS)
SCHEMA = {
    "type": "record",
    "name": "alert",
    "fields": [
        {"name": "aid", "type": "string"},
        {"name": "extra", "type": {"type": "map", "values": ["null", "int", "double", "bytes"]}},
    ],
}


def write_alerts(path: Path, *names: str) -> Path:
    records = [
        {"aid": name, "extra": {"a": 1, "b": 0.5, "c": b"\x80", "d": None}} for name in names
    ]
    with path.open("wb") as file:
        fastavro.writer(file, SCHEMA, records)
    return path


def content(message: DemoMessage) -> list[object]:
    return list(fastavro.reader(BytesIO(message.value)))


def test_each_record_becomes_a_container_of_its_own_and_names_change_by_round(
    tmp_path: Path,
) -> None:
    file = write_alerts(tmp_path / "a.avro", "one", "two")
    found = list(islice(loop_alerts([file], BOTH, print), 5))
    assert [message.key for message in found] == [b"one", b"two", b"one-1", b"two-1", b"one-2"]
    extra = {"a": 1, "b": 0.5, "c": b"\x80", "d": None}
    assert [content(message) for message in found[1:3]] == [
        [{"aid": "two", "extra": extra}],
        [{"aid": "one-1", "extra": extra}],
    ]


def test_the_number_of_a_packets_object_changes_by_round(tmp_path: Path) -> None:
    file = tmp_path / "a.avro"
    file.write_bytes(message_encoder(Survey.LSST)(lsst_alert()))
    for turn, message in enumerate(islice(loop_alerts([file], tuple(Survey), print), 3)):
        found = packets.decode_alert(message.value)
        assert found.oid == str(OBJECT + turn * 10**9)
        assert (message.key, message.survey) == (found.oid.encode(), Survey.LSST)


def test_what_is_no_alert_is_published_byte_for_byte(tmp_path: Path) -> None:
    junk = tmp_path / "junk.avro"
    junk.write_bytes(b"no Avro")
    good = write_alerts(tmp_path / "good.avro", "one")
    found = list(islice(loop_alerts([junk, good], BOTH, print), 3))
    assert found[0] == found[2] == DemoMessage(survey=Survey.ZTF, key=b"junk", value=b"no Avro")
    assert found[1].key == b"one"


def test_each_alert_goes_to_the_worker_of_its_survey(tmp_path: Path) -> None:
    values = {"a": raw_atlas(), "b": raw_ztf(), "c": container(record(sid="ATLAS-01a"))}
    for name, value in values.items():
        (tmp_path / name).write_bytes(value)
    files = [tmp_path / name for name in values]
    found = islice(loop_alerts(files, BOTH, print), 3)
    assert [message.survey for message in found] == [Survey.ATLAS, Survey.ZTF, Survey.ATLAS]


@pytest.mark.parametrize("survey", Survey)
def test_where_one_worker_runs_it_gets_everything(survey: Survey, tmp_path: Path) -> None:
    for name, value in {"a": raw_atlas(), "b": raw_ztf(), "c": b"junk"}.items():
        (tmp_path / name).write_bytes(value)
    files = sorted(tmp_path.iterdir())
    assert {message.survey for message in islice(loop_alerts(files, [survey], print), 3)} == {
        survey
    }


def test_files_without_an_alert_do_not_make_it_search_for_ever(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no alert in"):
        next(loop_alerts([write_alerts(tmp_path / "empty.avro")], BOTH, print))


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    reported: list[str] = []
    with pytest.raises(ConfigError, match="there is no alert in"):
        next(loop_alerts([tmp_path / "gone.avro"], BOTH, reported.append))
    assert reported == [f"damaged: {tmp_path}/gone.avro: No such file or directory"]


def test_an_archive_is_its_members(tmp_path: Path) -> None:
    night = tmp_path / "night.tar"
    members = {"a.avro": raw_ztf(), "b.avro": b"junk", "c.avro": raw_ztf()[:-9]}
    night.write_bytes(tar(**members).rstrip(bytes(1)))
    reported: list[str] = []
    found = list(islice(loop_alerts([night], BOTH, reported.append), 6))
    keys = [message.key.decode() for message in found]
    assert keys == [
        *("ZTF20abcdefg", "night.tar:b", "night.tar:c"),
        *("ZTF20abcdefg-1", "night.tar:b", "night.tar:c"),
    ]
    assert [message.value for message in found[:3]] == list(members.values())
    assert len(reported) == 1
    assert "night.tar: the archive is damaged" in reported[0]

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import fastavro
import pytest

from stampapp.alerts import packets
from stampapp.errors import BadAlert
from stampapp.feeds import record_splitter
from stampapp.feeds.record_splitter import ArchiveAlerts, SingleRecord, split_records
from stampapp.feeds.to_sorting_hat import ToSortingHat
from tests.support.alerts import SORTING_HAT, container, record, record_schema
from tests.support.archives import tar
from tests.support.lsst_alerts import OBJECT, lsst_alert
from tests.support.lsst_schemas import SCHEMAS, wire_packet
from tests.support.packets import raw_atlas, raw_ztf


def singles(data: bytes) -> list[SingleRecord]:
    return list(split_records(io.BytesIO(data)))


# Containers have a marker drawn by lot, which must not be in the name of a test.
@pytest.mark.parametrize(
    "value", [raw_ztf(), raw_atlas(), container(record())], ids=["ztf", "atlas", "sorting-hat"]
)
def test_a_packet_stays_as_it_is_to_the_byte(value: bytes) -> None:
    assert [one.value for one in singles(value)] == [value]


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_each_record_becomes_a_container_of_its_own(codec: str) -> None:
    records = [record(aid=f"A{number}", mag=float(number)) for number in range(5)]
    buffer = io.BytesIO()
    # Several blocks, too.
    fastavro.writer(buffer, SORTING_HAT, records, codec=codec, sync_interval=90_000)
    found = singles(buffer.getvalue())
    assert [one.key for one in found] == [b"A0", b"A1", b"A2", b"A3", b"A4"]
    assert [packets.decode_alert(one.value).mag for one in found] == [0.0, 1.0, 2.0, 3.0, 4.0]
    for one, original in zip(found, records, strict=True):
        assert list(fastavro.reader(io.BytesIO(one.value))) == [original]


def test_the_key_is_the_object() -> None:
    assert singles(raw_ztf())[0].key == b"ZTF20abcdefg"
    assert singles(container({"x": 1}, schema=record_schema(x="int")))[0].key is None


def test_whole_records_come_before_the_damaged_one() -> None:
    stream = split_records(io.BytesIO(container(record(), record())[:-100]))
    assert next(stream).key == b"AL20abcdefgh"
    with pytest.raises(BadAlert, match=r"cut short|sync"):
        next(stream)


@pytest.mark.parametrize("data", [b"", b"\x80\x04cos\nsystem\n", b"Obj\x01\xff"])
def test_what_is_no_container_is_refused(data: bytes) -> None:
    with pytest.raises(BadAlert):
        singles(data)


def unchanged(single: SingleRecord) -> SingleRecord:
    return single


class ArchiveReader:
    """An ArchiveAlerts and what it reports."""

    def __init__(self, *files: Path) -> None:
        self.reports: list[str] = []
        self.bytes_read: list[int] = []
        self.archive = ArchiveAlerts(files, self.reports.append, self.bytes_read.append)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_every_alert_comes_in_order_and_every_damage_is_reported(tmp_path: Path) -> None:
    several = container(*(record(aid=f"A{number}") for number in range(3)))
    reader = ArchiveReader(
        written(tmp_path / "a.avro", several),
        written(tmp_path / "b.tar", tar(one=raw_ztf(), bad=b"words", cut=several[:-30])),
        written(tmp_path / "c.avro", b""),
        tmp_path / "gone.avro",
    )
    keys = [one.key for one in reader.archive.records(unchanged)]
    assert keys == [b"A0", b"A1", b"A2", b"ZTF20abcdefg", b"A0", b"A1"]
    assert reader.archive.damaged == 4
    starts = [f"damaged: {tmp_path}/{name}: " for name in ("b.tar:bad", "b.tar:cut", "c.avro")]
    for start, line in zip(starts, reader.reports, strict=False):
        assert line.startswith(start)
    assert reader.reports[-1].endswith("gone.avro: No such file or directory")


def test_the_bytes_of_the_files_are_counted(tmp_path: Path) -> None:
    one, two = (written(tmp_path / f"{n}.avro", container(record())) for n in (1, 2))
    reader = ArchiveReader(one, two)
    list(reader.archive.records(unchanged))
    assert reader.bytes_read[-1] == one.stat().st_size + two.stat().st_size
    assert reader.bytes_read == sorted(reader.bytes_read)


def test_what_cannot_be_converted_is_damaged_and_the_rest_is_not(tmp_path: Path) -> None:
    bad, good = raw_ztf(jd=float("nan")), raw_ztf()
    reader = ArchiveReader(written(tmp_path / "x.tar", tar(bad=bad, good=good)))
    (found,) = reader.archive.records(ToSortingHat())
    assert "extra_fields" in found.fields
    assert reader.archive.damaged == 1
    assert "mjd" in reader.reports[0] or "jd" in reader.reports[0]


def test_after_many_reports_damage_is_only_counted(tmp_path: Path) -> None:
    files = [
        written(tmp_path / f"{number}.avro", b"x")
        for number in range(record_splitter.MAX_REPORTED + 5)
    ]
    reader = ArchiveReader(*files)
    assert list(reader.archive.records(unchanged)) == []
    assert reader.archive.damaged == len(files)
    assert len(reader.reports) == record_splitter.MAX_REPORTED


@pytest.mark.parametrize("known", [False, True])
def test_a_message_in_wire_format_stays_as_it_is_and_its_key_is_the_object(known: bool) -> None:
    alert = lsst_alert()
    extra = {**alert.extra_fields, **({"ssObjectId": OBJECT} if known else {})}
    value = wire_packet(1000, replace(alert, extra_fields=extra))
    (found,) = split_records(io.BytesIO(value), SCHEMAS)
    assert (found.value, found.key) == (value, str(OBJECT).encode())
    assert "diaSource" in found.fields
    with pytest.raises(BadAlert, match="the schema 1000"):
        next(split_records(io.BytesIO(value)))

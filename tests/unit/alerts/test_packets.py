from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampapp.alerts import packets
from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.avro.message_schemas import MessageSchemas
from stampapp.avro.schema_folder import SchemaFolder, read_schema_file
from stampapp.errors import BadAlert
from tests.support import bad_alerts
from tests.support.alerts import EXTRA, SORTING_HAT, Record, container, record, record_schema
from tests.support.alerts import stamps as some_stamps
from tests.support.avro import datum
from tests.support.packets import ATLAS_CANDIDATE, raw_atlas, raw_ztf


def changed(**types: object) -> Record:
    """The sorting hat's schema with other types; None leaves a field out."""
    fields = [
        field | {"type": types.get(field["name"], field["type"])}
        for field in SORTING_HAT["fields"]
        if types.get(field["name"], "") is not None
    ]
    return SORTING_HAT | {"fields": fields}


def test_a_sorting_hat_message() -> None:
    assert packets.decode_alert(container(record())) == Alert(
        aid="AL20abcdefgh",
        oid="ZTF20abcdefg",
        candid="516171791415015025",
        survey=Survey.ZTF,
        mjd=58270.17179400008,
        fid="r",
        ra=176.8611499,
        dec=15.4590649,
        mag=19.875,
        e_mag=0.125,
        isdiffpos=1,
        extra_fields=EXTRA,
        stamps=some_stamps(),
    )


@pytest.mark.parametrize(("fid", "name"), [(1, "g"), (2, "r"), (3, "i"), (4, "4")])
def test_an_older_sorting_hat_message_has_numbers_and_no_sid(fid: int, name: str) -> None:
    schema = changed(candid=["long", "string"], fid="int", sid=None)
    old = record(candid=516171791415015025, fid=fid, tid="ZTF")
    found = packets.decode_alert(container(old, schema=schema))
    assert (found.candid, found.fid, found.survey) == ("516171791415015025", name, Survey.ZTF)


@pytest.mark.parametrize(
    ("sid", "tid", "survey"),
    [
        ("ZTF", "ATLAS", Survey.ZTF),
        ("atlas", "", Survey.ATLAS),
        ("", "ATLAS-01a", Survey.ATLAS),
        ("", "ztf", Survey.ZTF),
    ],
)
def test_the_survey_is_that_of_sid_or_else_of_tid(sid: str, tid: str, survey: Survey) -> None:
    assert packets.decode_alert(container(record(sid=sid, tid=tid))).survey is survey


def test_a_raw_ztf_packet_is_mapped_as_the_sorting_hat_maps_it() -> None:
    assert packets.decode_alert(raw_ztf()) == Alert(
        aid="ZTF20abcdefg",
        oid="ZTF20abcdefg",
        candid="77",
        survey=Survey.ZTF,
        mjd=58270.25,
        fid="r",
        ra=10.5,
        dec=-20.25,
        mag=18.5,
        e_mag=0.125,
        isdiffpos=1,
        extra_fields={"sgscore1": 0.5, "pid": 99},
        stamps={"science": b"S", "template": b"T", "difference": None},
    )


def test_a_raw_atlas_packet_has_no_template() -> None:
    assert packets.decode_alert(raw_atlas()) == Alert(
        aid="120",
        oid="120",
        candid="02a59543o0040o",
        survey=Survey.ATLAS,
        mjd=59543.125,
        fid="o",
        ra=302.5,
        dec=12.25,
        mag=18.5,
        e_mag=0.25,
        isdiffpos=-1,
        extra_fields={"rb": 0.75},
        stamps={"science": b"S", "difference": b"D"},
    )


@pytest.mark.parametrize(("text", "sign"), [("t", 1), ("1", 1), ("f", -1), ("0", -1)])
def test_the_sign_of_a_raw_packet(text: str, sign: int) -> None:
    assert packets.decode_alert(raw_ztf(isdiffpos=text)).isdiffpos == sign
    assert packets.decode_alert(raw_atlas(isdiffpos=text)).isdiffpos == sign


@pytest.mark.parametrize(("number", "sign"), [(1, 1), (-1, -1), (0, -1)])
def test_the_sign_of_a_sorting_hat_message(number: int, sign: int) -> None:
    assert packets.decode_alert(container(record(isdiffpos=number))).isdiffpos == sign


@pytest.mark.parametrize(
    ("value", "cause", "says"),
    [
        (None, "empty", "no value"),
        (b"", "empty", "no value"),
        (b"{}", "not-avro", "not an Avro object container"),
        (container(record(), record()), "not-one-alert", "more than one record"),
        (container(), "not-one-alert", "no record"),
        (container({"a": 1, "b": 2}, schema=record_schema(b="int", a="int")), "schema", "a, b"),
        (container(record(sid="GAIA")), "survey", "'GAIA'"),
        (container(record(sid="", tid="")), "survey", "not of ZTF or ATLAS"),
        (container(record(aid="")), "field", "aid"),
        (container(record(oid="")), "field", "oid"),
        (container(record(mjd=math.nan)), "field", "mjd"),
        (container(record(ra=math.inf)), "field", "ra"),
        (container(record(dec=-math.inf)), "field", "dec"),
        (container(record(mag=math.nan)), "field", "mag"),
        (container(record(e_mag=math.nan)), "field", "e_mag"),
        (container(record(isdiffpos=2)), "field", "isdiffpos"),
        (raw_ztf(jd=math.nan), "field", "jd"),
        (raw_ztf(isdiffpos="true"), "field", "isdiffpos"),
        (raw_atlas(Mag=math.nan), "field", "Mag"),
    ],
)
def test_each_fault_has_its_cause_and_names_the_field(
    value: bytes | None, cause: str, says: str
) -> None:
    with pytest.raises(BadAlert) as error:
        packets.decode_alert(value)
    assert error.value.cause == cause
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("aid", ["null", "string"], None),
        ("candid", "boolean", True),
        ("mjd", ["null", "double"], None),
        ("ra", "string", "10"),
        ("mag", "boolean", True),
        ("isdiffpos", ["null", "int"], None),
        ("extra_fields", ["null", "int"], None),
        ("stamps", "bytes", b"stamp"),
    ],
)
def test_a_field_of_another_type_is_the_messages_fault(name: str, kind: Any, value: object) -> None:
    data = container(record(**{name: value}), schema=changed(**{name: kind}))
    with pytest.raises(BadAlert, match=name) as error:
        packets.decode_alert(data)
    assert error.value.cause == "field"


def test_a_cutout_that_is_no_record_is_the_messages_fault() -> None:
    names = ("objectId", "candid", "cutoutScience", "cutoutDifference")
    inner = record_schema(**ATLAS_CANDIDATE) | {"name": "candidate"}
    schema = record_schema(**dict.fromkeys(names, "string"), candidate=inner)
    whole = next(iter(fastavro.reader(io.BytesIO(raw_atlas()))))
    assert isinstance(whole, dict)
    data = container(dict.fromkeys(names, "x") | {"candidate": whole["candidate"]}, schema=schema)
    with pytest.raises(BadAlert, match="cutoutScience is str") as error:
        packets.decode_alert(data)
    assert error.value.cause == "field"


def test_a_foreign_schema_with_a_lone_surrogate_can_still_be_reported() -> None:
    name = "a\ud800"
    with pytest.raises(BadAlert, match=r"a\\ud800") as error:
        packets.decode_alert(container({name: 1}, schema=record_schema(**{name: "int"})))
    assert str(error.value).encode()


def test_a_foreign_schema_with_many_fields_fits_a_header() -> None:
    names = [f"a_rather_long_name_{number}" for number in range(5000)]
    schema = record_schema(**dict.fromkeys(names, "int"))
    with pytest.raises(BadAlert) as error:
        packets.decode_alert(container(dict.fromkeys(names, 1), schema=schema))
    assert 100 < len(str(error.value).encode()) <= 1000


def test_many_records_are_read_one_by_one_and_a_faulty_one_harms_no_other() -> None:
    source = container(record(candid="1"), record(candid="2", sid="?"), record(candid="3"))
    first, second, third = packets.decode_records(io.BytesIO(source))
    assert isinstance(first, Alert)
    assert first.candid == "1"
    assert isinstance(second, BadAlert)
    assert second.cause == "survey"
    assert isinstance(third, Alert)
    assert third.candid == "3"


def test_a_damaged_container_ends_with_a_fault() -> None:
    source = container(record(candid="1"), record(candid="2"))
    *_, last = packets.decode_records(io.BytesIO(source[:-1]))
    assert isinstance(last, BadAlert)
    assert last.cause == "avro-damaged"


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(
        [raw_ztf(), raw_atlas(), container(record(stamps=dict.fromkeys(some_stamps())))]
    ),
    st.lists(st.tuples(st.integers(0, 2**31), st.integers(0, 255)), min_size=1, max_size=3),
)
def test_a_damaged_message_gives_an_alert_or_a_bad_alert(
    whole: bytes, damage: list[tuple[int, int]]
) -> None:
    data = bytearray(whole)
    for place, value in damage:
        data[place % len(data)] = value
    found = bad_alerts.attempt(packets.decode_alert, bytes(data))
    assert isinstance(found, Alert | BadAlert)


def test_a_message_is_recognised_by_its_bytes(tmp_path: Path) -> None:
    schema = record_schema(a="long", b="long", c="long")
    (tmp_path / "7.avsc").write_text(json.dumps(schema))
    schemas = MessageSchemas([SchemaFolder(tmp_path)], bare=read_schema_file(tmp_path / "7.avsc"))
    for value, start in (
        (datum(schema, {"a": 1, "b": 2, "c": 3}), 0),
        # Its first field is 0, as in wire format.
        (datum(schema, {"a": 0, "b": 2, "c": 3}), 0),
        (b"\0\0\0\0\x07" + datum(schema, {"a": 0, "b": 2, "c": 3}), 5),
    ):
        assert packets.find_schema(value, schemas)[1] == start


@pytest.mark.parametrize(
    ("value", "cause", "says"),
    [
        (b"\0", "avro-damaged", "ends after 1 B"),
        (b"\0\0\0\0", "avro-damaged", "ends after 4 B"),
        (b"\0\0\0\3\xe8", "schema-unknown", "the schema 1000"),
        (b"\0\xff\xff\xff\xff", "schema-unknown", "4294967295: ids are numbers from 1"),
        (bytes(50), "schema-unknown", "the schema 0: ids are numbers from 1"),
    ],
)
def test_a_fault_of_the_wire_format_is_named(value: bytes, cause: str, says: str) -> None:
    with pytest.raises(BadAlert, match=says) as error:
        packets.decode_alert(value)
    assert error.value.cause == cause

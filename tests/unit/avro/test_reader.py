from __future__ import annotations

import io
import json
import math
import time
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampapp.avro import reader as containers
from stampapp.avro import schema as schemas
from stampapp.avro.writer import RecordWriter
from stampapp.errors import BadAlert
from tests.support import bad_alerts
from tests.support.alerts import SORTING_HAT, Record, container, record, record_schema
from tests.support.avro import by_hand, long
from tests.support.hostile.containers import nested

SMALL = record_schema(n="int", s="string")
SMALL_RECORD = {"n": 7, "s": "seven"}
# The largest object size that MAX_OBJECTS assumes (bytes).
OBJECT_BYTES = 256
CAUSES = {"not-avro", "avro-damaged", "schema", "codec"}
WHOLE = container(SMALL_RECORD, SMALL_RECORD, schema=SMALL)
DEFLATED = container(record(), codec="deflate")


def parse(data: bytes) -> list[Record]:
    return [found for _, found in containers.read_records(io.BytesIO(data))]


def cause(data: bytes) -> str:
    return bad_alerts.cause(parse, data)


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_reads_what_fastavro_writes(codec: str) -> None:
    records = [record(candid=str(number), mag=float(number)) for number in range(3)]
    assert parse(container(*records, codec=codec)) == records


def test_parses_each_schema_once() -> None:
    found = [schema for schema, _ in containers.read_records(io.BytesIO(WHOLE))]
    assert found[0].fields == {"n", "s"}
    assert found[0] is found[1]
    assert next(containers.read_records(io.BytesIO(WHOLE)))[0] is found[0]


def test_no_codec_means_uncompressed() -> None:
    assert parse(by_hand(SMALL, b"\x0e\nseven").replace(b"avro.codec", b"avro.other")) == [
        SMALL_RECORD
    ]


def test_a_container_without_blocks_has_no_records() -> None:
    assert parse(container(schema=SMALL)) == []


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "not-avro"),
        (b"Obj", "not-avro"),
        (b'{"candid": 1}', "not-avro"),
        (b"Obj\x01", "avro-damaged"),
        (WHOLE[:-1], "avro-damaged"),
        (WHOLE[:-16] + bytes(16), "avro-damaged"),
        (by_hand(SMALL, b"\x0e\nseven", count=2), "avro-damaged"),
        (by_hand(SMALL, b"\x0e\nseven!"), "avro-damaged"),
        (by_hand(SMALL, b"\x0e\xfe\xff\xff\xff\x0fseven"), "avro-damaged"),
        (by_hand(SMALL, b"\x0e\x0bseven"), "avro-damaged"),
        (by_hand(SMALL, b"\x0e\x04\xff\xff"), "avro-damaged"),
        (by_hand(SMALL, b"", codec=b"deflate"), "avro-damaged"),
        (by_hand(SMALL, b"no deflate", codec=b"deflate"), "avro-damaged"),
        (by_hand(SMALL, b"\x0e\nseven", codec=b"snappy"), "codec"),
        (by_hand("int", b"\x0e"), "schema"),
        (by_hand(["null", SMALL], b"\x00"), "schema"),
        (by_hand({"type": "record", "name": "r"}, b""), "schema"),
        (by_hand(record_schema(n="unheard of"), b""), "schema"),
    ],
)
def test_each_kind_of_damage_has_its_cause(data: bytes, expected: str) -> None:
    assert cause(data) == expected


def test_unknown_codec_is_reported_with_a_remedy() -> None:
    with pytest.raises(BadAlert, match=r"codec 'zstandard' is not supported: write null or defl"):
        parse(by_hand(SMALL, b"", codec=b"zstandard"))


EMPTY = {"type": "record", "name": "e", "fields": []}
NULLS = {"type": "record", "name": "e", "fields": [{"name": "z", "type": "null"}]}


@pytest.mark.parametrize(
    "kind",
    [
        {"type": "array", "items": "null"},
        {"type": "array", "items": {"type": "null"}},
        {"type": "array", "items": EMPTY},
        {"type": "array", "items": NULLS},
        {"type": "array", "items": {"type": "fixed", "name": "f", "size": 0}},
        {"type": "map", "values": {"type": "array", "items": NULLS}},
        ["null", {"type": "array", "items": EMPTY}],
        EMPTY,
        "null",
    ],
)
def test_rejects_values_without_bytes(kind: Any) -> None:
    declares_a_billion = by_hand(record_schema(n=kind), long(10**9) + long(0))
    begin = time.thread_time()
    assert cause(declares_a_billion) == "schema"
    assert time.thread_time() - begin < 1.0


def test_rejects_records_without_fields() -> None:
    assert cause(by_hand(EMPTY, b"", count=10**9)) == "schema"


def test_rejects_named_types_without_bytes() -> None:
    schema = record_schema(first=["null", EMPTY], n={"type": "array", "items": "e"})
    assert cause(by_hand(schema, b"\0" + long(10**9) + long(0))) == "schema"


@pytest.mark.parametrize("link", [["null", "r"], {"type": "array", "items": "r"}])
def test_rejects_recursive_types(link: Any) -> None:
    """The decoder recurses in C: a hundred thousand levels would crash the process."""
    assert cause(by_hand(record_schema(n=link), b"\x02" * 100_000 + b"\0")) == "schema"


def test_limits_nesting_of_named_types() -> None:
    links: list[Any] = [record_schema(n="int") | {"name": "r0"}]
    links += [record_schema(n=f"r{n}") | {"name": f"r{n + 1}"} for n in range(100)]
    schema = record_schema(**{f"f{n}": ["null", link] for n, link in enumerate(links)})
    assert cause(by_hand(schema | {"name": "top"}, b"\0" * 101)) == "schema"


def test_accepts_nullable_named_type_used_twice() -> None:
    inner = record_schema(n="int") | {"name": "inner"}
    schema = record_schema(a=["null", inner], b=["null", "inner"], c="inner")
    assert parse(by_hand(schema, b"\x02\x02\x00\x04")) == [
        {"a": {"n": 1}, "b": None, "c": {"n": 2}}
    ]


@pytest.mark.parametrize(
    "limit", [containers.MAX_DECOMPRESSED_MESSAGE, containers.MAX_DECOMPRESSED_FILE]
)
def test_rejects_deflate_bomb(limit: int) -> None:
    deflater = zlib.compressobj(9, wbits=-15)
    zeros = bytes(2**20)
    bomb = b"".join(deflater.compress(zeros) for _ in range(256)) + deflater.flush()
    tracemalloc.start()
    try:
        container_file = io.BytesIO(by_hand(SMALL, bomb, codec=b"deflate"))
        with pytest.raises(BadAlert, match=f"over {limit} B"):
            list(containers.read_records(container_file, limit))
        assert tracemalloc.get_traced_memory()[1] < 3 * limit
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("declared", [-1, -(2**40), 2**35, 2**62])
def test_damaged_length_in_a_file_allocates_no_memory(tmp_path: Path, declared: int) -> None:
    path = tmp_path / "damaged.avro"
    path.write_bytes(container(schema=SMALL) + long(1) + long(declared) + b"abc")
    with path.open("rb") as source, pytest.raises(BadAlert) as error:
        list(containers.read_records(source))
    assert error.value.cause == "avro-damaged"


def survives(data: bytes) -> None:
    found = bad_alerts.attempt(parse, data)
    assert isinstance(found, list) or found.cause in CAUSES


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_random_bytes_raise_only_bad_alert(noise: bytes, magic: bool) -> None:
    survives(b"Obj\x01" * magic + noise)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_truncated_container_yields_no_record(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([WHOLE, DEFLATED]))
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    # Cut between header and block, the container is empty but valid.
    found = bad_alerts.attempt(parse, cut)
    assert found == [] or isinstance(found, BadAlert)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([WHOLE, DEFLATED]), st.lists(st.integers(0, 2**31), min_size=1, max_size=4))
def test_flipped_bits_raise_only_bad_alert(whole: bytes, flips: list[int]) -> None:
    damaged = bytearray(whole)
    for flip in flips:
        # In the header.
        damaged[flip % min(len(whole), 3000)] ^= 1 << flip % 8
    survives(bytes(damaged))


@pytest.mark.parametrize("schema", [SMALL, SORTING_HAT])
def test_fastavro_reads_what_the_writer_writes(schema: Record) -> None:
    written = SMALL_RECORD if schema is SMALL else record()
    writer = RecordWriter(schema)
    for _ in range(2):
        reader = fastavro.reader(io.BytesIO(writer.write(written)))
        assert list(reader) == [written]
        assert reader.codec == "null"
        assert reader.writer_schema == schema


@pytest.mark.parametrize("length", [0, 1, 60, 61, 62, 63, 64, 8188, 8189, 8190, 8191, 8192, 70000])
def test_fastavro_reads_records_of_any_length(length: int) -> None:
    schema = {"type": "record", "name": "one", "fields": [{"name": "text", "type": "string"}]}
    written = RecordWriter(schema).write({"text": "x" * length})
    assert list(fastavro.reader(io.BytesIO(written))) == [{"text": "x" * length}]


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("boolean", b"\1"),
        ("string", b"\2a"),
        ({"type": "array", "items": "int"}, b"\0"),
        ({"type": "map", "values": "int"}, b"\0"),
        ({"type": "map", "values": "int"}, b"\2\2a\2\0"),
        (["null", record_schema(a="int")], b"\2\2"),
        (record_schema(**{f"a{n}": "int" for n in range(6)}), b"\2" * 6),
        (nested(50), b"\1"),
    ],
)
def test_objects_per_byte_is_an_upper_bound(kind: Any, item: bytes) -> None:
    schema = record_schema(n={"type": "array", "items": kind}) | {"name": "top"}
    count = 1000
    data = long(count) + item * count + b"\0"
    parsed = schemas.parse_schema(json.dumps(schema).encode())
    tracemalloc.start()
    try:
        found = fastavro.schemaless_reader(io.BytesIO(data), parsed.parsed, None)
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(found["n"]) == count
    assert taken < len(data) * parsed.objects_per_byte * OBJECT_BYTES
    assert parsed.most_objects == math.inf


def test_without_arrays_and_maps_the_number_of_objects_has_a_limit() -> None:
    inner = record_schema(a="int", b=["null", "string"]) | {"name": "inner"}
    schema = record_schema(c="bytes", d=["null", inner]) | {"name": "top"}
    assert schemas.parse_schema(json.dumps(schema).encode()).most_objects == 1 + 1 + (1 + 2)

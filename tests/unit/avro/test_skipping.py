"""What is skipped ends where fastavro says, or is left to fastavro."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampapp.avro import skipping
from stampapp.avro.reader import MAX_OBJECTS, decode_record
from stampapp.avro.record_reader import RecordReader
from stampapp.avro.schema import parse_schema
from stampapp.errors import BadAlert
from tests.support.alerts import record_schema
from tests.support.avro import datum, long

POINT = record_schema(x="double", y="float") | {"name": "point"}
COLOUR = {"type": "enum", "name": "colour", "symbols": ["red", "green"]}
MARK = {"type": "fixed", "name": "mark", "size": 3}
# A type and values of it.
KINDS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    ("boolean", st.booleans()),
    ("int", st.integers(-(2**31), 2**31 - 1)),
    ("long", st.integers(-(2**63), 2**63 - 1)),
    ("float", st.floats(width=32)),
    ("double", st.floats()),
    ("string", st.text(max_size=90)),
    ("bytes", st.binary(max_size=90)),
    (["null", "double"], st.none() | st.floats()),
    (["string", "null", "long"], st.none() | st.text(max_size=20) | st.integers(0, 9)),
    (COLOUR, st.sampled_from(["red", "green"])),
    (MARK, st.binary(min_size=3, max_size=3)),
    (POINT, st.fixed_dictionaries({"x": st.floats(), "y": st.floats(width=32)})),
    ({"type": "array", "items": "long"}, st.lists(st.integers(-99, 99), max_size=40)),
    ({"type": "map", "values": ["null", "int"]}, st.dictionaries(st.text(max_size=9), st.none())),
    (
        ["null", {"type": "array", "items": POINT}],
        st.none() | st.lists(st.just({"x": 1.0, "y": 2.0}), max_size=40),
    ),
    (
        {"type": "array", "items": {"type": "array", "items": "int"}},
        st.lists(st.lists(st.integers(0, 9), max_size=3), max_size=3),
    ),
]


def reader(kind: Any) -> RecordReader:
    """A reader that has no use for the field between the others."""
    schema = record_schema(first="int", unused=kind, last="int")
    return RecordReader(parse_schema(json.dumps(schema).encode()), frozenset({"unused", "other"}))


@pytest.mark.parametrize(("kind", "values"), KINDS, ids=lambda one: str(one)[:30])
@given(data=st.data())
@settings(max_examples=30)
def test_what_is_not_needed_is_left_out(
    kind: Any, values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    schema = record_schema(first="int", unused=kind, last="int")
    value = {"first": 1, "unused": data.draw(values), "last": 2}
    encoded = datum(schema, value)
    read = reader(kind).read
    assert read(b"before" + encoded + b"after", 6) == ({"first": 1, "last": 2}, 6 + len(encoded))
    for end in range(len(encoded)):
        with pytest.raises(BadAlert):
            read(encoded[:end], 0)


@pytest.mark.parametrize(("kind", "values"), KINDS, ids=lambda one: str(one)[:30])
@given(data=st.data(), noise=st.binary(max_size=60))
@settings(max_examples=30)
def test_bytes_that_are_skipped_could_be_read(
    kind: Any, values: st.SearchStrategy[Any], data: st.DataObject, noise: bytes
) -> None:
    skip = skipping.skipper(fastavro.parse_schema(kind), {})
    assert skip is not None or "items" in str(kind)
    mixed = datum(kind, data.draw(values))[: data.draw(st.integers(0, 20))] + noise
    end = skip(mixed, 0) if skip else -1
    if end >= 0:
        source = io.BytesIO(mixed)
        try:
            fastavro.schemaless_reader(source, fastavro.parse_schema(kind), None)
        except (UnicodeDecodeError, IndexError, OverflowError):
            # Text that is no UTF-8, symbols that do not exist: nobody looks at them.
            return
        assert source.tell() == end


def test_types_are_known_by_their_names() -> None:
    schema = record_schema(
        first=POINT, unused=["null", {"type": "array", "items": "point"}], last="point"
    )
    one = {"x": 1.0, "y": 2.0}
    encoded = datum(schema, {"first": one, "unused": [one] * 50, "last": one})
    read = RecordReader(parse_schema(json.dumps(schema).encode()), frozenset({"unused"})).read
    assert read(encoded, 0) == ({"first": one, "last": one}, len(encoded))


def test_blocks_with_their_size_are_read() -> None:
    kind = {"type": "array", "items": "int"}
    encoded = long(1) + long(-2) + long(2) + long(5) + long(6) + long(0) + long(2)
    assert reader(kind).read(encoded, 0) == ({"first": 1, "last": 2}, len(encoded))


def test_many_values_that_are_skipped_are_not_counted() -> None:
    kind = {"type": "array", "items": "double"}
    count = MAX_OBJECTS + 1
    encoded = long(1) + long(count) + bytes(8 * count) + long(0) + long(2)
    assert reader(kind).read(encoded, 0)[0] == {"first": 1, "last": 2}
    schema = record_schema(first="int", unused=kind, last="int")
    whole = RecordReader(parse_schema(json.dumps(schema).encode()))
    with pytest.raises(BadAlert, match="more values than any alert"):
        whole.read(encoded, 0)


def nested_names(levels: int) -> Any:
    """A record with two of a record with two …, which is small as a schema only."""
    kind: Any = "int"
    for level in range(levels):
        kind = record_schema(a=kind, b=f"level{level - 1}" if level else "int") | {
            "name": f"level{level}"
        }
    return kind


@pytest.mark.parametrize(
    "kind",
    [
        nested_names(40),
        record_schema(**{f"f{n}": "string" for n in range(1000)}) | {"name": "texts"},
        {"type": "array", "items": nested_names(40)},
        ["null", *({"type": "fixed", "name": f"f{n}", "size": 9} for n in range(200))],
        {"type": "fixed", "name": "large", "size": 2**40},
    ],
    ids=["names", "texts", "items", "branches", "fixed"],
)
def test_an_expression_that_would_be_long_is_not_made(kind: Any) -> None:
    start = time.process_time()
    schema = record_schema(first="int", unused=kind, last="int")
    found = RecordReader(parse_schema(json.dumps(schema).encode()), frozenset({"unused"}))
    with pytest.raises(BadAlert):
        found.read(b"\2\2", 0)
    assert time.process_time() - start < 2


def test_layouts_are_learned_of_a_few_maps_of_a_record_only() -> None:
    schema = record_schema(**{f"m{n}": {"type": "map", "values": "string"} for n in range(60)})
    found = RecordReader(parse_schema(json.dumps(schema).encode()))
    record = {f"m{n}": {f"{n}-{key}": "x" for key in range(32)} for n in range(60)}
    encoded = datum(schema, record)
    start = time.process_time()
    for _ in range(3):
        assert found.read(encoded, 0) == (record, len(encoded))
    assert time.process_time() - start < 1


def test_decoding_a_part_says_what_is_damaged() -> None:
    with pytest.raises(BadAlert, match="the Avro record is cut short or damaged"):
        decode_record(io.BytesIO(b""), fastavro.parse_schema(POINT), "record")

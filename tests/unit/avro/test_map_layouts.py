"""Maps that are decoded by their layouts are those that fastavro decodes."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampapp.avro.map_layouts import MAX_KEPT, MAX_KEYS, MAX_MADE, MAX_TEXTS, map_layouts
from stampapp.avro.record_reader import RecordReader
from stampapp.avro.schema import parse_schema
from stampapp.errors import BadAlert
from tests.support.alerts import record_schema
from tests.support.avro import datum, long

TYPES = ["null", "int", "float", "string", "bytes", "boolean"]
MAP = {"type": "map", "values": TYPES}
SCHEMA = record_schema(first="int", extra=MAP, last="int")
VALUES = (
    st.none()
    | st.integers(-(2**31), 2**31 - 1)
    | st.floats(width=32)
    | st.text(max_size=127)
    | st.binary(max_size=127)
    | st.booleans()
)
MAPS = st.fixed_dictionaries({"rb": VALUES, "näme": VALUES, "": VALUES, "last": VALUES})
USUAL: dict[str, object] = {"rb": 0.25, "näme": 3, "text": "ZTF", "mark": b"\x00\x01", "flag": True}


def experienced(*seen: dict[str, object], kind: Any = MAP) -> Any:
    """The layouts that follow from maps, each of which has come twice."""
    layouts = map_layouts(kind)
    assert layouts
    for values in seen or (USUAL,):
        layouts.learn(values)
        layouts.learn(values)
    return layouts


def by_fastavro(data: bytes, kind: Any = MAP) -> tuple[Any, int]:
    source = io.BytesIO(data)
    found = fastavro.schemaless_reader(source, fastavro.parse_schema(kind), None)
    return found, source.tell()


def test_a_map_with_known_keys_is_read() -> None:
    encoded = datum(MAP, USUAL)
    found = experienced().read(b"before" + encoded + b"after", 6)
    # With types and the order of keys.
    assert repr(found) == repr((USUAL, 6 + len(encoded)))


@given(values=MAPS)
@settings(max_examples=60)
def test_what_is_read_is_what_fastavro_reads(values: dict[str, object]) -> None:
    encoded = datum(MAP, values)
    assert repr(experienced(values).read(encoded, 0)) == repr(by_fastavro(encoded))


@given(values=MAPS, others=MAPS)
@settings(max_examples=30)
def test_a_record_has_the_values_that_fastavro_reads(
    values: dict[str, object], others: dict[str, object]
) -> None:
    reader = RecordReader(parse_schema(json.dumps(SCHEMA).encode()))
    for one in (values, values, others, values, others, others):
        record = {"first": 1, "extra": one, "last": -2}
        encoded = datum(SCHEMA, record)
        assert repr(reader.read(encoded, 0)) == repr(by_fastavro(encoded, SCHEMA))


@given(values=MAPS, noise=st.binary(max_size=20), place=st.integers(0, 999))
@settings(max_examples=100)
def test_damaged_bytes_are_read_as_fastavro_reads_them_or_not_at_all(
    values: dict[str, object], noise: bytes, place: int
) -> None:
    encoded = datum(MAP, values)
    place %= len(encoded)
    damaged = encoded[:place] + noise + encoded[place + len(noise) :]
    found = experienced(values).read(damaged, 0)
    if found is not None:
        assert repr(found) == repr(by_fastavro(damaged))


def test_a_map_that_is_cut_short_is_not_read() -> None:
    encoded = datum(MAP, USUAL)
    layouts = experienced()
    assert layouts.read(encoded, 0)
    assert not any(layouts.read(encoded[:end], 0) for end in range(len(encoded)))


@pytest.mark.parametrize(
    "values",
    [
        USUAL | {"text": "x" * 128},
        dict(reversed(USUAL.items())),
        USUAL | {"more": 1},
        {"rb": 0.25},
        {},
        USUAL | {"rb": "text"},
    ],
    ids=["long text", "order", "more keys", "fewer keys", "no keys", "type"],
)
def test_other_maps_are_left_to_fastavro(values: dict[str, object]) -> None:
    assert experienced().read(datum(MAP, values), 0) is None


def test_text_that_is_not_utf_8_is_rejected_by_fastavro() -> None:
    reader = RecordReader(parse_schema(json.dumps(SCHEMA).encode()))
    encoded = datum(SCHEMA, {"first": 1, "extra": {"text": "a text"}, "last": 2})
    for _ in range(3):
        reader.read(encoded, 0)
    with pytest.raises(BadAlert, match="cut short or damaged \\(UnicodeDecodeError\\)"):
        reader.read(encoded.replace(b"a text", b"a \xff\xfft!"), 0)


def test_keys_are_learned_when_they_come_again() -> None:
    layouts = map_layouts(MAP)
    assert layouts
    encoded = datum(MAP, USUAL)
    layouts.learn(USUAL)
    assert layouts.read(encoded, 0) is None
    layouts.learn(USUAL)
    assert layouts.read(encoded, 0)
    # Every value may be null from then on.
    nulls = dict.fromkeys(USUAL)
    assert layouts.read(datum(MAP, nulls), 0) == (nulls, len(datum(MAP, nulls)))


def test_another_type_of_a_value_is_learned() -> None:
    other = USUAL | {"rb": 7}
    layouts = experienced(USUAL, other)
    for one in (other, USUAL):
        assert repr(layouts.read(datum(MAP, one), 0)[0]) == repr(one)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("double", 0.1), ("long", -(2**40)), (["null", "int", "long"], 2**40), ("string", "text")],
)
def test_maps_of_other_types_are_read(kind: Any, value: object) -> None:
    whole = {"type": "map", "values": kind}
    encoded = datum(whole, {"a": value, "b": value})
    found = experienced({"a": value, "b": value}, kind=whole).read(encoded, 0)
    assert found == ({"a": value, "b": value}, len(encoded))


def test_few_layouts_are_kept_and_made() -> None:
    maps: list[dict[str, object]] = [{f"key {n}": n} for n in range(2 * MAX_MADE)]
    layouts = experienced(*maps)
    readable = [bool(layouts.read(datum(MAP, one), 0)) for one in maps]
    assert sum(readable) == MAX_KEPT
    assert readable.index(True) == MAX_MADE - MAX_KEPT


@pytest.mark.parametrize(
    "values",
    [
        {f"key {n}": 1.0 for n in range(MAX_KEYS + 1)},
        {f"key {n}": "text" for n in range(MAX_TEXTS + 1)},
    ],
    ids=["keys", "texts"],
)
def test_a_map_that_takes_long_to_learn_is_not_learned(values: dict[str, object]) -> None:
    start = time.thread_time()
    layouts = experienced(values)
    assert time.thread_time() - start < 0.05
    assert layouts.read(datum(MAP, values), 0) is None


@pytest.mark.parametrize(
    "kind",
    [
        "int",
        ["null", MAP],
        {"type": "map", "values": {"type": "array", "items": "int"}},
        {"type": "map", "values": ["null", {"type": "fixed", "name": "mark", "size": 3}]},
        {"type": "map", "values": ["null", "another"]},
        {"type": "map", "values": ["int"] * 65},
    ],
)
def test_other_types_have_no_layouts(kind: Any) -> None:
    assert map_layouts(kind) is None


def test_numbers_in_more_bytes_than_needed_are_read() -> None:
    kind = {"type": "map", "values": "int"}
    encoded = long(2) + b"\x02a\x84\x00" + b"\x02b\x85\x80\x80\x80\x00" + long(0)
    found = experienced({"a": 1, "b": 1}, kind=kind).read(encoded, 0)
    assert found == ({"a": 2, "b": -3}, len(encoded)) == by_fastavro(encoded, kind)


def test_blocks_with_their_size_are_left_to_fastavro() -> None:
    kind = {"type": "map", "values": "int"}
    item = datum("string", "a") + datum("int", 1)
    layouts = experienced({"a": 1}, kind=kind)
    assert layouts.read(long(1) + item + long(0), 0) == ({"a": 1}, len(item) + 2)
    with_size = long(-1) + long(len(item)) + item + long(0)
    assert layouts.read(with_size, 0) is None
    assert by_fastavro(with_size, kind)[0] == {"a": 1}

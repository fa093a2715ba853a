"""Where the record of a container is."""

from __future__ import annotations

import pytest

from stampapp.avro import single_record
from stampapp.avro.single_record import SingleRecords
from stampapp.errors import BadAlert
from tests.support.alerts import record_schema
from tests.support.avro import SYNC, by_hand, long

SCHEMA = record_schema(a="string")
DATA = long(3) + b"abc"
WHOLE = by_hand(SCHEMA, DATA)


def experienced(value: bytes = WHOLE) -> SingleRecords:
    found = SingleRecords()
    found.learn(value)
    return found


def test_a_record_is_found_once_its_header_is_known() -> None:
    places = SingleRecords()
    assert places.find(WHOLE) is None
    places.learn(WHOLE)
    place = places.find(WHOLE)
    assert place
    assert WHOLE[place.start : place.end] == DATA
    assert place.schema.fields == {"a"}


def test_the_sync_marker_may_be_another() -> None:
    other = WHOLE.replace(SYNC, b"fedcba9876543210")
    place = experienced().find(other)
    assert place
    assert other[place.start : place.end] == DATA


def test_an_empty_block_at_the_end_is_allowed() -> None:
    place = experienced().find(WHOLE + long(0) + long(0) + SYNC)
    assert place
    assert WHOLE[place.start : place.end] == DATA


@pytest.mark.parametrize(
    "value",
    [
        *(WHOLE[:end] for end in range(len(WHOLE))),
        WHOLE + b"x",
        WHOLE + SYNC,
        WHOLE + long(1) + long(len(DATA)) + DATA + SYNC,
        WHOLE[:-1] + b"x",
        by_hand(SCHEMA, DATA, count=2),
        by_hand(SCHEMA, DATA, count=0),
        by_hand(SCHEMA, DATA, count=-1),
        by_hand(record_schema(b="string"), DATA),
        by_hand(SCHEMA, DATA, codec=b"deflate"),
        WHOLE.replace(long(len(DATA)) + DATA, long(-4) + DATA),
        WHOLE.replace(long(len(DATA)) + DATA, long(2**40) + DATA),
        WHOLE.replace(long(len(DATA)) + DATA, b"\xff" * 30),
    ],
)
def test_other_containers_are_left_to_the_reader(value: bytes) -> None:
    assert experienced().find(value) is None


def test_compressed_containers_are_left_to_the_reader() -> None:
    compressed = by_hand(SCHEMA, DATA, codec=b"deflate")
    assert experienced(compressed).find(compressed) is None


def test_bytes_without_a_header_are_rejected() -> None:
    with pytest.raises(BadAlert, match="does not begin with 'Obj'"):
        SingleRecords().learn(b"text")


def test_the_last_headers_are_kept() -> None:
    count = single_record.MAX_HEADERS + 1
    values = [by_hand(record_schema(**{f"field{n}": "string"}), DATA) for n in range(count)]
    places = SingleRecords()
    for value in values:
        places.learn(value)
        places.learn(value)
    assert [bool(places.find(value)) for value in values] == [False] + [True] * (count - 1)

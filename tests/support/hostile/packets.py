"""Malicious, damaged and odd messages in Confluent's wire format."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from stampapp.alerts import lsst_packet
from stampapp.alerts.alert import Alert
from tests.support import lsst_packets
from tests.support.alerts import record_schema
from tests.support.avro import by_hand, datum, long
from tests.support.hostile.expected import CLASSIFIED, HostileMessage, bomb
from tests.support.lsst_schemas import schema_json

SCHEMA_ID = 1000
SCHEMA = schema_json(SCHEMA_ID)
# No registry has it.
UNKNOWN_ID = 999_999
FIRST = 9 * 10**18 + 10**12
MANY = 900_000
CUTOUTS = ("cutoutDifference", "cutoutScience", "cutoutTemplate")


def of_lsst() -> Iterator[HostileMessage]:
    yield from _framing()
    yield from _data()
    yield from _fields()
    yield from _cutouts()


def head(schema_id: int = SCHEMA_ID) -> bytes:
    return struct.pack(">bI", 0, schema_id)


def packet(source: Mapping[str, object] | None = None, **changed: Any) -> bytes:
    """Return a message; its record has other values, of its source or of itself."""
    record = lsst_packet.encode(_alert(), SCHEMA)
    record["diaSource"] |= source or {}
    return head() + datum(SCHEMA, record | changed)


def _framing() -> Iterator[HostileMessage]:
    rest = packet()[5:]
    yield HostileMessage("a zero and nothing", "avro-damaged", b"\0")
    yield HostileMessage("half an id", "avro-damaged", head()[:3])
    yield HostileMessage("an id and nothing", "avro-damaged", head())
    yield HostileMessage("the largest id", "schema-unknown", head(2**32 - 1) + rest)
    yield HostileMessage("the id 0", "schema-unknown", head(0) + rest)
    yield HostileMessage("an id that no one knows", "schema-unknown", head(UNKNOWN_ID) + rest)
    yield HostileMessage("no schema before data", "not-avro", rest)


def _data() -> Iterator[HostileMessage]:
    good = packet()
    begin = head() + long(FIRST)
    source = datum(_source_schema(), lsst_packet.encode(_alert(), SCHEMA)["diaSource"])
    before_sources = begin + long(0) + long(0) + source + long(1)
    without_cutouts = packet(**dict.fromkeys(CUTOUTS))
    damaged = {
        "a packet cut in the middle": good[: len(good) // 2],
        "a packet cut at its end": good[:-1],
        "bytes after a packet": good + b"\0",
        "a varint cut": head() + b"\xff\xff",
        "a varint without an end": head() + b"\xff" * MANY,
        "a text of 1 GiB": begin + long(1) + long(2**30) + b"x" * 1000,
        "a text of a negative length": begin + long(1) + long(-5) + b"x" * 1000,
        "a union without this branch": begin + long(7) + good[20:],
        "sources without an end": before_sources + long(2**40) + source * 3,
        "a block of 4 EiB": before_sources + long(-1) + long(2**62) + source,
        "a cutout of 1 GiB": without_cutouts[:-1] + long(1) + long(2**30) + bytes(1000),
    }
    for name, value in damaged.items():
        yield HostileMessage(name, "avro-damaged", value)
    # Of nulls, for which a reader may need many times their bytes.
    earlier = lsst_packet.encode(replace(_alert(), extra_fields={}), SCHEMA)["diaSource"]
    yield HostileMessage("thousands of sources", CLASSIFIED, packet(prvDiaSources=[earlier] * 3500))
    yield HostileMessage(
        "sources of types that double 40 times",
        "avro-damaged",
        _container_of(["null", _doubled(40)], before_sources[5:]),
    )
    yield HostileMessage(
        "sources of 60 types of arrays",
        "avro-damaged",
        _container_of(_arrays(60), before_sources[5:]),
    )


def _arrays(branches: int) -> list[Any]:
    """Return a union of arrays, the bytes of whose items match a long expression."""
    items = [_doubled(9)]
    for n in range(1, branches):
        own = {"type": "fixed", "name": f"fixed{n}", "size": n}
        items.append(record_schema(a="level8", z=own) | {"name": f"items{n}"})
    return [{"type": "array", "items": one} for one in items]


def _container_of(earlier: Any, data: bytes) -> bytes:
    """Return a container that ends in its earlier sources, which are of another type."""
    fields = [
        one | ({"type": earlier} if one["name"] == "prvDiaSources" else {})
        for one in SCHEMA["fields"]
    ]
    return by_hand(SCHEMA | {"fields": fields}, data + b"\2" * 1000)


def _doubled(levels: int) -> Any:
    """Return a small type with 2^levels values."""
    kind: Any = "int"
    for level in range(levels):
        kind = record_schema(a=kind, b=kind if isinstance(kind, str) else kind["name"]) | {
            "name": f"level{level}"
        }
    return kind


def _fields() -> Iterator[HostileMessage]:
    nan = float("nan")
    sources: dict[str, dict[str, object]] = {
        "two objects": {"diaObjectId": 5, "ssObjectId": 6},
        "no object": {"diaObjectId": None, "ssObjectId": None},
        "an object of number 0": {"diaObjectId": 0, "ssObjectId": None},
        "a time that is no number": {"midpointMjdTai": nan},
        "an infinite place": {"ra": float("inf")},
    }
    for name, changed in sources.items():
        yield HostileMessage(name, "field", packet(changed))


def _cutouts() -> Iterator[HostileMessage]:
    good = packet_stamp()
    cutouts = {
        "no image": ("stamp-missing", None),
        "an image of nothing": ("stamp-missing", b""),
        "an image that is text": ("stamp-not-fits", b"no image"),
        "an image that is cut": ("stamp-damaged", good[:4000]),
        "an image of 10^9 pixels a row": ("stamp-shape", _card(good, "NAXIS1", 10**9)),
        "an image of -30 pixels a row": ("stamp-shape", _card(good, "NAXIS1", -30)),
        "an image without an end": ("stamp-not-fits", good.replace(b"END     ", b"FIN     ")),
        "an image of 1 GiB in gzip": ("stamp-too-large", bomb(1024, gzipped=True)),
        "an image in gzip": (CLASSIFIED, gzip.compress(good)),
        "errors of 10^9 pixels": (CLASSIFIED, _card(good, "NAXIS1", 10**9, skipped=1)),
    }
    for name, (outcome, cutout) in cutouts.items():
        yield HostileMessage(name, outcome, packet(cutoutScience=cutout))


def _alert() -> Alert:
    return next(lsst_packets.alerts(FIRST + 1))


def packet_stamp() -> bytes:
    return _alert().stamps["science"] or b""


def _source_schema() -> Any:
    return next(one["type"] for one in SCHEMA["fields"] if one["name"] == "diaSource")


def _card(stamp: bytes, keyword: str, value: int, skipped: int = 0) -> bytes:
    """Return a stamp with another value of a card, of those after so many of the same keyword."""
    at = -1
    for _ in range(skipped + 1):
        at = stamp.index(f"{keyword:<8}= ".encode(), at + 1)
    return stamp[: at + 10] + f"{value:>20}".encode() + stamp[at + 30 :]

"""Malicious and damaged Avro containers."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterator
from typing import Any

from tests.support.alerts import SORTING_HAT, Record, container, record, record_schema
from tests.support.avro import by_hand, datum, long, packed
from tests.support.hostile.expected import CLASSIFIED, AbortOnUnpickle, HostileMessage, bomb

# Makes the message nearly as large as a topic accepts.
MANY = 900_000


def containers() -> Iterator[HostileMessage]:
    yield from _no_alerts()
    yield from _schemas()
    yield from _amplified()


def with_field(kind: Any) -> Record:
    """Return the schema of the sorting hat with one more field at its end."""
    return SORTING_HAT | {"fields": [*SORTING_HAT["fields"], {"name": "more", "type": kind}]}


def nested(levels: int, kind: Any = "boolean") -> Any:
    for level in range(levels):
        kind = record_schema(a=kind) | {"name": f"level{level}"}
    return kind


def _no_alerts() -> Iterator[HostileMessage]:
    whole = container(record())
    yield HostileMessage("no value", "empty", None)
    yield HostileMessage("an empty value", "empty", b"")
    yield HostileMessage("JSON", "not-avro", b'{"candid": 1}')
    yield HostileMessage("a pickle", "not-avro", pickle.dumps(AbortOnUnpickle()))
    yield HostileMessage("cut in the middle", "avro-damaged", whole[: len(whole) // 2])
    yield HostileMessage("cut at its end", "avro-damaged", whole[:-1])
    yield HostileMessage("a length of 4 EiB", "avro-damaged", b"Obj\x01" + long(2**62))
    yield HostileMessage(
        "a header of pieces", "avro-damaged", b"Obj\x01" + long(2**40) + b"\2a\0" * 300_000
    )
    yield HostileMessage("two alerts", "not-one-alert", container(record(), record()))
    yield HostileMessage("no alert", "not-one-alert", container(schema=SORTING_HAT))
    empty_blocks = (long(0) + long(0) + by_hand(SORTING_HAT, b"")[-16:]) * 50_000
    yield HostileMessage(
        "empty blocks", "not-one-alert", by_hand(SORTING_HAT, b"", count=0) + empty_blocks
    )
    for codec in (b"snappy", b"zstandard", b"\xff\xfe"):
        yield HostileMessage(
            f"the codec {codec!r}", "codec", by_hand(SORTING_HAT, b"", codec=codec)
        )
    block = by_hand(SORTING_HAT, bomb(1024, gzipped=False), codec=b"deflate")
    yield HostileMessage("a deflate bomb of 1 GiB", "avro-damaged", block)


def _schemas() -> Iterator[HostileMessage]:
    alert = datum(SORTING_HAT, record())
    fields = SORTING_HAT["fields"]
    deep = '{"type":"array","items":' * 20_000 + '"int"' + "}" * 20_000
    own = {"type": "record", "name": "own", "fields": [{"name": "n", "type": ["null", "own"]}]}
    forged = {"__fastavro_parsed": True, "__named_schemas": {"own": own}}
    wide = record_schema(**{f"f{n}": "int" for n in range(40_000)}) | {"name": "wide"}
    another = container({"n": 1}, schema=record_schema(n="int"))
    yield HostileMessage("another schema", "schema", another)
    yield HostileMessage("a schema of 20000 levels", "schema", packed(deep.encode(), b""))
    yield HostileMessage(
        "a schema of 80 levels", "schema", by_hand(with_field(nested(80)), alert + b"\0")
    )
    yield HostileMessage("a schema of 40000 fields", "schema", by_hand(with_field(wide), alert))
    yield HostileMessage(
        "a schema of 4 MB of doc", "schema", by_hand(SORTING_HAT | {"doc": "x" * 2**22}, alert)
    )
    yield HostileMessage(
        "a type in itself", "schema", by_hand(with_field(["null", own]), alert + b"\2" * MANY)
    )
    yield HostileMessage(
        "a type in itself, forged",
        "schema",
        by_hand(with_field(["null", "own"]) | forged, alert + b"\2" * MANY),
    )
    yield HostileMessage("no schema", "schema", by_hand("", alert))
    yield HostileMessage("two fields of a name", CLASSIFIED, _twice(fields[6], alert))
    a_billion = alert + long(10**9) + long(0)
    for kind in ("null", {"type": "fixed", "name": "nothing", "size": 0}):
        items = with_field({"type": "array", "items": kind})
        yield HostileMessage(f"a billion times {kind}", "schema", by_hand(items, a_billion))
    ints = with_field({"type": "array", "items": "int"})
    yield HostileMessage("an array too short", "avro-damaged", by_hand(ints, a_billion))
    values = with_field({"type": "map", "values": "int"})
    yield HostileMessage("a map too short", "avro-damaged", by_hand(values, alert + long(2**62)))
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 10**6, "scale": 2}
    digits = datum(SORTING_HAT, record(aid="decimal")) + long(MANY) + b"\x7f" * MANY
    yield HostileMessage(
        "a decimal of a million digits", CLASSIFIED, by_hand(with_field(decimal), digits)
    )


def _twice(field: Any, alert: bytes) -> bytes:
    return by_hand(SORTING_HAT | {"fields": [*SORTING_HAT["fields"], field]}, alert + bytes(8))


def _between_maps(alert: bytes, times: int) -> bytes:
    """Return a container of records in records, each time below what is allowed in a message."""
    deep = nested(50)
    more = [
        {"name": f"{kind}{n}", "type": {"type": kind, **of}}
        for n in range(times)
        for kind, of in (
            ("array", {"items": deep if n == 0 else deep["name"]}),
            ("map", {"values": "int"}),
        )
    ]
    data = (long(5000) + bytes(5000) + b"\0" + b"\0") * times
    return by_hand(SORTING_HAT | {"fields": [*SORTING_HAT["fields"], *more]}, alert + data)


def _amplified() -> Iterator[HostileMessage]:
    """Yield small messages that decode to large objects."""
    alert = datum(SORTING_HAT, record())
    many = alert + long(MANY) + bytes(MANY) + b"\0"
    for name, kind in {
        "records of a byte": record_schema(a="boolean"),
        "records in records": nested(50),
        "empty arrays": {"type": "array", "items": "int"},
        "maps in arrays": {"type": "map", "values": "int"},
    }.items():
        items = with_field({"type": "array", "items": kind})
        yield HostileMessage(name, "avro-damaged", by_hand(items, many))
    yield HostileMessage("arrays between maps", "avro-damaged", _between_maps(alert, 20))
    inflated = alert + long(7_000_000) + bytes(7_000_000) + b"\0"
    packer = zlib.compressobj(9, wbits=-15)
    items = with_field({"type": "array", "items": record_schema(a="boolean")})
    data = packer.compress(inflated) + packer.flush()
    yield HostileMessage(
        "records of a byte, deflated", "avro-damaged", by_hand(items, data, codec=b"deflate")
    )

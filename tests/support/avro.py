"""Avro containers with arbitrary contents."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro

SYNC = b"0123456789abcdef"


def long(value: int) -> bytes:
    return datum("long", value)


def datum(schema: Any, value: object) -> bytes:
    """Return a value encoded as in a block."""
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(schema), value)
    return buffer.getvalue()


def by_hand(schema: object, data: bytes, *, count: int = 1, codec: bytes = b"null") -> bytes:
    """A container of one block."""
    return packed(json.dumps(schema).encode(), data, count=count, codec=codec)


def packed(schema: bytes, data: bytes, *, count: int = 1, codec: bytes = b"null") -> bytes:
    """The same with a schema that may be no JSON."""
    meta = {"avro.schema": schema, "avro.codec": codec}
    pairs = [(key.encode(), value) for key, value in meta.items()]
    body = b"".join(long(len(part)) + part for pair in pairs for part in pair)
    header = b"Obj\x01" + long(len(pairs)) + body + long(0) + SYNC
    return header + long(count) + long(len(data)) + data + SYNC

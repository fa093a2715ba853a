"""Write Avro object containers of one record; the header is encoded once."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from typing import Any

import fastavro

from stampapp.avro.reader import _HEADER, MAGIC, Record

# The number 1 as Avro's long.
_ONE = b"\x02"


class Envelope:
    """Makes containers of one record each out of the bytes of records."""

    def __init__(self, meta: Mapping[str, bytes], sync: bytes) -> None:
        self._sync = sync
        plain = {**meta, "avro.codec": b"null"}
        self._header = MAGIC + _encode(_HEADER, {"meta": plain, "sync": sync})

    def around(self, data: bytes) -> bytes:
        """Return a container with this record, readable by any Avro library."""
        return b"".join((self._header, _ONE, _long(len(data)), data, self._sync))


class Writer:
    """Writes containers of one record each: the header is encoded once, not per message."""

    def __init__(self, schema: Record) -> None:
        self._schema = fastavro.parse_schema(schema)
        self._envelope = Envelope({"avro.schema": json.dumps(schema).encode()}, os.urandom(16))

    def write(self, record: Record) -> bytes:
        """Return a container with this record."""
        return self._envelope.around(_encode(self._schema, record))


def _long(value: int) -> bytes:
    """Return a number that is not negative as Avro's long: zigzag, seven bits a byte."""
    rest, encoded = 2 * value, bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def _encode(schema: Any, record: Record) -> bytes:
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, schema, record)
    return buffer.getvalue()

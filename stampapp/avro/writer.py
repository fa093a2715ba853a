"""Write Avro object containers of one record each, and messages in wire format."""

from __future__ import annotations

import io
import json
import os
import struct
from collections.abc import Mapping
from typing import Any

import fastavro

from stampapp.avro.reader import HEADER_SCHEMA, MAGIC, Record

# The number 1 as an Avro long.
_RECORD_COUNT = b"\x02"


class ContainerTemplate:
    """Wraps encoded records into containers of one record each."""

    def __init__(self, meta: Mapping[str, bytes], sync: bytes) -> None:
        self._sync = sync
        plain = {**meta, "avro.codec": b"null"}
        self._header = MAGIC + _encode_record(HEADER_SCHEMA, {"meta": plain, "sync": sync})

    def wrap(self, data: bytes) -> bytes:
        """Return a container with this record, which any Avro library can read."""
        return b"".join((self._header, _RECORD_COUNT, encode_long(len(data)), data, self._sync))


class RecordWriter:
    """Encodes records as containers of one record each; encodes the header once for all."""

    def __init__(self, schema: Record) -> None:
        self._schema = fastavro.parse_schema(schema)
        self._envelope = ContainerTemplate(
            {"avro.schema": json.dumps(schema).encode()}, os.urandom(16)
        )

    def write(self, record: Record) -> bytes:
        """Return a container with this record."""
        return self._envelope.wrap(_encode_record(self._schema, record))


class BareWriter:
    """Encodes records as bare data, which only a reader that knows the schema can decode."""

    def __init__(self, schema: Record) -> None:
        self._schema = fastavro.parse_schema(schema)

    def write(self, record: Record) -> bytes:
        """Return the datum of this record."""
        return _encode_record(self._schema, record)


class WireWriter:
    """Encodes records in Confluent's wire format: byte 0, the schema's id, the datum."""

    def __init__(self, schema_id: int, schema: Record) -> None:
        self._schema = fastavro.parse_schema(schema)
        self._head = struct.pack(">bI", 0, schema_id)

    def write(self, record: Record) -> bytes:
        """Return a message with this record."""
        return self._head + _encode_record(self._schema, record)


def encode_long(value: int) -> bytes:
    """Encode a non-negative number as an Avro long: zigzag, seven bits a byte."""
    rest, encoded = 2 * value, bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def _encode_record(schema: Any, record: Record) -> bytes:
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, schema, record)
    return buffer.getvalue()

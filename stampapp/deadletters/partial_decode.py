"""Decode as much of a damaged message as possible, within the limits of the Avro reader."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import fastavro

from stampapp.alerts import packets
from stampapp.alerts.packet_format import candid_fields, object_fields
from stampapp.avro import framing, reader
from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.avro.reader import ContainerHeader, Record
from stampapp.avro.schema import Schema
from stampapp.errors import BadAlert

MAX_CHARACTERS = 200
# First bytes of what may be a stamp.
_KINDS = {b"\x1f\x8b": "gzip", b"SIMPLE  =": "FITS"}


@dataclass(frozen=True, kw_only=True, slots=True)
class PartialMessage:
    """What could be decoded of a message.

    `container` describes the container. `fields` are the decoded values by dotted name; bytes, such
    as stamps, are replaced by their size. `undecoded` are the names of the fields not decoded.
    """

    container: str
    fields: Mapping[str, object] = field(default_factory=dict)
    undecoded: tuple[str, ...] = ()

    @property
    def aid(self) -> str | None:
        """The object, where it could be decoded."""
        # 0 stands for no object.
        return self.first_of(*object_fields(), absent=(None, 0))

    @property
    def candid(self) -> str | None:
        """The detection, where it could be decoded."""
        return self.first_of(*candid_fields())

    def first_of(self, *keys: str, absent: tuple[object, ...] = (None,)) -> str | None:
        """Return the first of these fields that was decoded and whose value is not `absent`."""
        found = (self.fields.get(key) for key in keys)
        return next((str(value) for value in found if value not in absent), None)


def decode_partially(value: bytes | None, schemas: MessageSchemas = NO_SCHEMAS) -> PartialMessage:
    """Return what can be decoded of a message. Raises nothing."""
    if not value:
        return PartialMessage(container="none: there is no value")
    try:
        schema, data, container = _encoded(value, schemas)
    except BadAlert as error:
        return PartialMessage(container=f"{error}; it begins with {value[:32]!r}")
    record, undecoded = _first_record(schema, data)
    return PartialMessage(
        container=f"Avro, record {schema.parsed['name']}, {container}",
        fields=dict(_flatten(record, "")),
        undecoded=undecoded,
    )


def _encoded(value: bytes, schemas: MessageSchemas) -> tuple[Schema, bytes, str]:
    """Return the schema and the data of the first record, and the form of the message."""
    if value.startswith(reader.MAGIC):
        source = io.BytesIO(value)
        head = reader.read_header(source)
        codec = head.codec.decode("utf-8", "replace")
        return head.schema, _first_block(head, source), f"codec {codec}"
    schema, start = packets.find_schema(value, schemas)
    form = f"wire format, schema {framing.wire_id(value)}" if start else "without a header"
    return schema, value[start:], form


def _first_record(schema: Schema, data: bytes) -> tuple[Record, tuple[str, ...]]:
    """Return the decodable fields of the first record, and the names of the others."""
    fields = schema.parsed["fields"]
    record: Record = {}
    for count in range(1, len(fields) + 1):
        # A field starts where those before it end, so decode ever more fields from the start.
        part = {**schema.parsed, "fields": fields[:count]}
        try:
            bounded = reader.limit_objects(io.BytesIO(data), schema, len(data))
            record = fastavro.schemaless_reader(bounded, part, None)
        except MemoryError:
            raise
        except Exception:  # fastavro raises many kinds of errors
            return record, tuple(one["name"] for one in fields[count - 1 :])
    return record, ()


def _first_block(head: ContainerHeader, source: io.BytesIO) -> bytes:
    """Return the first block, as far as it is there."""
    try:
        for _ in ("count", "size"):
            fastavro.schemaless_reader(source, "long", None)
    except (EOFError, IndexError):  # IndexError if a number is truncated
        return b""
    data = source.read()
    if head.codec != b"deflate":
        return data
    try:
        return zlib.decompressobj(wbits=-15).decompress(data, reader.MAX_DECOMPRESSED_MESSAGE)
    except zlib.error:
        return b""


def _flatten(value: object, name: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flatten(inner, f"{name}.{key}" if name else str(key))
    else:
        yield name, summarize(value)


def summarize(value: object) -> object:
    """Return a short form of a value: the size and kind of bytes, the lengths of lists and records.

    Numbers stay as they are, so that no digit of an id is lost.
    """
    if isinstance(value, bytes):
        kind = next((kind for magic, kind in _KINDS.items() if value.startswith(magic)), "bytes")
        return f"<{len(value)} B, {kind}>"
    if isinstance(value, list):
        return f"<{len(value)} items>"
    if isinstance(value, dict):
        return f"<{len(value)} fields>"
    if isinstance(value, int | float | None):
        return value
    return str(value)[:MAX_CHARACTERS]

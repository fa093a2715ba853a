"""What can still be told of a message that cannot be classified. Pure, and as careful as ever."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import fastavro

from stampapp.avro import reader
from stampapp.avro.reader import ContainerHeader, Record
from stampapp.errors import BadAlert

MAX_CHARACTERS = 200
# How what may be a stamp begins.
_KINDS = {b"\x1f\x8b": "gzip", b"SIMPLE  =": "FITS"}


@dataclass(frozen=True, kw_only=True, slots=True)
class PartialMessage:
    """What a message is, as far as it can be read.

    `container` says what it declares. `fields` has what could be decoded, by dotted names; of
    bytes, stamps above all, there is only the size. `undecoded` names what could not be decoded.
    """

    container: str
    fields: Mapping[str, object] = field(default_factory=dict)
    undecoded: tuple[str, ...] = ()

    def first_of(self, *keys: str) -> str | None:
        """Return the first of these fields that there is."""
        return next((str(self.fields[key]) for key in keys if key in self.fields), None)


def decode_partially(value: bytes | None) -> PartialMessage:
    """Return what can be told of a message. Nothing is raised."""
    if not value:
        return PartialMessage(container="none: there is no value")
    source = io.BytesIO(value)
    try:
        head = reader.read_header(source)
    except BadAlert as error:
        return PartialMessage(container=f"{error}; it begins with {value[:32]!r}")
    record, undecoded = _first_record(head, source)
    codec = head.codec.decode("utf-8", "replace")
    return PartialMessage(
        container=f"Avro, record {head.schema.parsed['name']}, codec {codec}",
        fields=dict(_flatten(record, "")),
        undecoded=undecoded,
    )


def _first_record(head: ContainerHeader, source: io.BytesIO) -> tuple[Record, tuple[str, ...]]:
    """Return as many fields of the first record as can be decoded, and the names of the rest."""
    fields = head.schema.parsed["fields"]
    data = _first_block(head, source)
    record: Record = {}
    for count in range(1, len(fields) + 1):
        # The fields before it decide where a field begins.
        part = {**head.schema.parsed, "fields": fields[:count]}
        try:
            bounded = reader.limit_objects(io.BytesIO(data), head.schema, len(data))
            record = fastavro.schemaless_reader(bounded, part, None)
        except MemoryError:
            raise
        except Exception:  # fastavro raises whatever its decoder stumbles over
            return record, tuple(one["name"] for one in fields[count - 1 :])
    return record, ()


def _first_block(head: ContainerHeader, source: io.BytesIO) -> bytes:
    """Return what there is of the first block, even where it is cut short."""
    try:
        for _ in ("count", "size"):
            fastavro.schemaless_reader(source, "long", None)
    except (EOFError, IndexError):  # the second where a number breaks off in its middle
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
    """Return a value as it is told: of bytes the size and kind, of lists the length."""
    if isinstance(value, bytes):
        kind = next((kind for magic, kind in _KINDS.items() if value.startswith(magic)), "bytes")
        return f"<{len(value)} B, {kind}>"
    if isinstance(value, list):
        return f"<{len(value)} items>"
    if isinstance(value, int | float | None):
        return value
    return str(value)[:MAX_CHARACTERS]

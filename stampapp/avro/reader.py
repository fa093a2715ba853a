"""Read Avro object containers within limits.

fastavro's reader parses the schema of each container again and trusts the lengths and counts that a
container declares. This reader parses each distinct schema once and checks declared lengths against
the bytes; fastavro decodes the records.
"""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import fastavro

from stampapp.avro.schema import Schema, parse_schema
from stampapp.errors import BadAlert

MAGIC = b"Obj\x01"
# The largest block of a file; that of a message is in memory already.
MAX_BLOCK_BYTES = 2**28
MAX_DECOMPRESSED_FILE = 2**26
MAX_DECOMPRESSED_MESSAGE = 2**23
# The most Python objects (of up to 256 B each) in a record, and the most values in a header.
MAX_OBJECTS = 2**18
_MAX_HEADER_VALUES = 4096
_CHUNK = 2**20

HEADER_SCHEMA = fastavro.parse_schema(
    {
        "type": "record",
        "name": "header",
        "fields": [
            {"name": "meta", "type": {"type": "map", "values": "bytes"}},
            {"name": "sync", "type": {"type": "fixed", "name": "sync", "size": 16}},
        ],
    }
)
_BLOCK_SCHEMA = fastavro.parse_schema(
    {
        "type": "record",
        "name": "block",
        "fields": [
            {"name": "count", "type": "long"},
            {"name": "data", "type": "bytes"},
            {"name": "sync", "type": {"type": "fixed", "name": "sync", "size": 16}},
        ],
    }
)


Record = dict[str, Any]
# Reads the record that begins at a position of encoded data; returns where it ends, too.
ReadRecord = Callable[[Schema, bytes, int], tuple[Record, int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerHeader:
    """The header of a container: the writer's schema, the codec and the sync marker of blocks.

    `meta` has the header's metadata unchanged.
    """

    schema: Schema
    meta: Mapping[str, bytes]
    codec: bytes
    sync: bytes


def read_records(
    source: BinaryIO,
    max_decompressed: int = MAX_DECOMPRESSED_FILE,
    read: ReadRecord | None = None,
) -> Iterator[tuple[Schema, Record]]:
    """Yield each record of the container with its writer's schema.

    A compressed block may have up to `max_decompressed` bytes when decompressed. `read` may leave
    out fields. Raises BadAlert if the bytes are not a container, are cut short or are inconsistent.
    """
    for head, count, data in read_blocks(source, max_decompressed):
        start = 0
        for _ in range(count):
            record, start = (read or read_record)(head.schema, data, start)
            yield head.schema, record
        if start < len(data):
            raise BadAlert("avro-damaged", "an Avro block is longer than the records it declares")


def read_blocks(
    source: BinaryIO, max_decompressed: int
) -> Iterator[tuple[ContainerHeader, int, bytes]]:
    """Yield the header, the declared record count and the bytes of each block. Raises BadAlert."""
    head = read_header(source)
    while _has_more(source):
        block = decode_record(_LimitedSource(source, _MAX_HEADER_VALUES), _BLOCK_SCHEMA, "block")
        if block["sync"] != head.sync:
            raise BadAlert("avro-damaged", "an Avro block does not end with the sync marker")
        yield head, block["count"], _decompress(head.codec, block["data"], max_decompressed)


def read_record(schema: Schema, data: bytes, start: int) -> tuple[Record, int]:
    """Return the record that begins at a position, and where it ends. Raises BadAlert."""
    body = io.BytesIO(data)
    body.seek(start)
    limited = limit_objects(body, schema, len(data) - start)
    return decode_record(limited, schema.parsed, "record"), body.tell()


def is_container(source: BinaryIO) -> bool:
    """Return whether a source begins as a container; its position stays the same."""
    start = source.read(len(MAGIC))
    source.seek(-len(start), os.SEEK_CUR)
    return start == MAGIC


def read_datum(
    data: bytes, schema: Schema, *, start: int = 0, read: ReadRecord = read_record
) -> Record:
    """Decode data that are one record from `start` on, and nothing else. Raises BadAlert."""
    record, end = read(schema, data, start)
    if rest := len(data) - end:
        raise BadAlert("avro-damaged", f"the data are {rest} B longer than their record")
    return record


def read_header(source: BinaryIO) -> ContainerHeader:
    """Read the header of a container. Raises BadAlert if the source is none."""
    if source.read(len(MAGIC)) != MAGIC:
        raise BadAlert("not-avro", "not an Avro object container: it does not begin with 'Obj'")
    header = decode_record(_LimitedSource(source, _MAX_HEADER_VALUES), HEADER_SCHEMA, "header")
    meta = header["meta"]
    return ContainerHeader(
        schema=parse_schema(meta.get("avro.schema", b"")),
        meta=meta,
        codec=meta.get("avro.codec", b"null"),
        sync=header["sync"],
    )


class _LimitedSource:
    """A source that allows a limited number of reads, and none longer than a block.

    It allocates memory for the bytes that exist, not for a length that a damaged message declares.
    """

    def __init__(self, source: BinaryIO, max_reads: int) -> None:
        self._source = source
        self._left = self._most = max_reads

    @property
    def reads(self) -> int:
        """How many values have been read."""
        return self._most - self._left

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes; none for a negative or excessive length."""
        self._left -= 1
        if self._left < 0:
            raise BadAlert("avro-damaged", "the Avro container has more values than any alert")
        if not 0 <= size <= MAX_BLOCK_BYTES:
            return b""
        if size <= _CHUNK:
            return self._source.read(size)
        found = bytearray()
        while part := self._source.read(min(size - len(found), _CHUNK)):
            found += part
        return bytes(found)


def limit_objects(
    source: BinaryIO, schema: Schema, size: int, most: float = MAX_OBJECTS
) -> BinaryIO | _LimitedSource:
    """Return a source from which no more than `most` objects can be decoded.

    Values are counted only if schema and size allow so many: with the surveys' schemas from 160 kB
    on, unless the arrays in them are skipped.
    """
    # Counting is a Python call per value. Done always, it adds 15 % to the decode stage (stamps
    # included) on real sorting-hat messages and 39 % on raw packets; of four cheaper counters the
    # best added 8 % and 21 %.
    most_values = int(most / schema.objects_per_byte)
    if size <= most_values or schema.most_objects <= most:
        return source
    return _LimitedSource(source, most_values)


def count_objects(source: BinaryIO | _LimitedSource, schema: Schema, size: int) -> float:
    """Return the most objects that were decoded from this source, `size` bytes of it."""
    if isinstance(source, _LimitedSource):
        return source.reads * schema.objects_per_byte
    return min(size * schema.objects_per_byte, schema.most_objects)


def _has_more(source: BinaryIO) -> bool:
    if not source.read(1):
        return False
    source.seek(-1, os.SEEK_CUR)
    return True


def decode_record(source: _LimitedSource | BinaryIO, schema: Any, what: str) -> Record:
    """Decode a record by a parsed schema; `what` it is called in errors. Raises BadAlert."""
    # fastavro has no error of its own for damaged bytes: any exception may come. A negative or huge
    # length reads at most to the end of the bytes, and a short read raises EOFError.
    try:
        datum = fastavro.schemaless_reader(source, schema, None)
    except (MemoryError, BadAlert):
        raise
    except Exception as error:
        raise BadAlert(
            "avro-damaged", f"the Avro {what} is cut short or damaged ({type(error).__name__})"
        ) from error
    if not isinstance(datum, dict):
        raise BadAlert("schema", f"the Avro {what} is not a record")
    return datum


def _decompress(codec: bytes, data: bytes, limit: int) -> bytes:
    if codec == b"null":
        return data
    if codec != b"deflate":
        name = codec.decode("utf-8", "replace")
        raise BadAlert("codec", f"Avro codec {name!r} is not supported: write null or deflate")
    inflater = zlib.decompressobj(wbits=-15)
    try:
        inflated = inflater.decompress(data, limit)
    except zlib.error as error:
        raise BadAlert("avro-damaged", f"an Avro block cannot be inflated: {error}") from error
    if not inflater.eof:
        raise BadAlert("avro-damaged", f"an Avro block is cut short or over {limit} B")
    return inflated

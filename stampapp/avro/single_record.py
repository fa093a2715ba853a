"""Find the record of a container that has one, in the bytes of the container.

Only containers whose header has been seen are found, uncompressed and undamaged ones: the others
are left to the reader of containers.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from stampapp.avro import reader
from stampapp.avro.schema import Schema
from stampapp.avro.skipping import read_count

# Each may have 256 kB, and a survey has few schemas at a time.
MAX_HEADERS = 8
_SYNC_BYTES = 16
# The number of records in a block, and a block without any, which some writers put at the end.
_ONE, _EMPTY = b"\x02", b"\x00\x00"


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordPlace:
    """Where a record begins and ends in the bytes of its container, and its schema."""

    schema: Schema
    start: int
    end: int


class SingleRecords:
    """Finds the records of containers by the headers of the last ones."""

    def __init__(self) -> None:
        # By the bytes of a header before its sync marker, which is another in each container.
        # There is no schema for a compressed container.
        self._schemas: dict[bytes, Schema | None] = {}

    def find(self, value: bytes) -> RecordPlace | None:
        """Return where the only record of a container is."""
        header = self._header(value)
        schema = header and self._schemas[header]
        return _place(value, len(header), schema) if header and schema else None

    def learn(self, value: bytes) -> None:
        """Keep the header of a container. Raises BadAlert if it has none."""
        if self._header(value):
            return
        source = io.BytesIO(value)
        head = reader.read_header(source)
        header = value[: source.tell() - _SYNC_BYTES]
        known = head.schema if head.codec == b"null" else None
        self._schemas = dict([(header, known), *self._schemas.items()][:MAX_HEADERS])

    def _header(self, value: bytes) -> bytes | None:
        return next((header for header in self._schemas if value.startswith(header)), None)


def _place(value: bytes, start: int, schema: Schema) -> RecordPlace | None:
    block = start + _SYNC_BYTES
    sync = value[start:block]
    size, data = read_count(value, block + 1)
    end = data + size
    if data < 0 or not value.startswith(_ONE, block) or not 0 < len(value) - end < 3 * _SYNC_BYTES:
        return None
    if value[end:] not in (sync, sync + _EMPTY + sync):
        return None
    return RecordPlace(schema=schema, start=data, end=end)

"""An Avro file of any number of alerts → messages as a survey sends them, one record each.

The bytes of a record stay as they are: it is decoded only to see where it ends, and whose it is.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from stampapp.avro import reader
from stampapp.avro.reader import Record
from stampapp.avro.writer import Envelope

# As a worker keys what it publishes: by the object.
_NAMES = ("aid", "objectId")


@dataclass(frozen=True, kw_only=True, slots=True)
class Single:
    """A message: a container of one record, its key, and the names of the record's fields."""

    key: bytes | None
    value: bytes
    fields: frozenset[str]


def split(source: BinaryIO) -> Iterator[Single]:
    """Yield a message for each record. Raises BadAlert where the file is damaged, or no Avro."""
    envelope = None
    for head, count, data in reader.blocks(source, reader.MAX_INFLATED_FILE):
        envelope = envelope or Envelope(head.meta, head.sync)
        body, end = io.BytesIO(data), 0
        for _ in range(count):
            record = reader.next_record(head, body, len(data))
            start, end = end, body.tell()
            value = envelope.around(data[start:end])
            yield Single(key=_key(record), value=value, fields=head.schema.fields)


def _key(record: Record) -> bytes | None:
    name = next((record[name] for name in _NAMES if record.get(name) is not None), None)
    return None if name is None else str(name).encode()

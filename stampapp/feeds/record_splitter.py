"""Split Avro files into messages of one record each, as surveys send them.

The bytes of a record stay as they are: it is decoded only to find its end and its object.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from stampapp.alerts.packet_format import object_fields
from stampapp.alerts.record_fields import nested
from stampapp.avro import reader
from stampapp.avro.reader import Record
from stampapp.avro.writer import ContainerTemplate
from stampapp.errors import BadAlert
from stampapp.feeds.alert_files import parse_files

# Enough lines to read; further ones are only counted.
MAX_REPORTED = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class SingleRecord:
    """A message: an Avro container of one record, its key, and the names of its fields."""

    key: bytes | None
    value: bytes
    fields: frozenset[str]


def split_records(source: BinaryIO) -> Iterator[SingleRecord]:
    """Yield a message for each record. Raises BadAlert if the file is damaged or not Avro."""
    envelope = None
    for head, count, data in reader.read_blocks(source, reader.MAX_DECOMPRESSED_FILE):
        envelope = envelope or ContainerTemplate(head.meta, head.sync)
        body, end = io.BytesIO(data), 0
        for _ in range(count):
            record = reader.read_record(head, body, len(data))
            start, end = end, body.tell()
            value = envelope.wrap(data[start:end])
            yield SingleRecord(key=_key(record), value=value, fields=head.schema.fields)


def _key(record: Record) -> bytes | None:
    # The key of a message is its object, as in what a worker publishes.
    names = (nested(record, field) for field in object_fields())
    name = next((name for name in names if name is not None), None)
    return None if name is None else str(name).encode()


class ArchiveAlerts:
    """The records of files and archives, in order; `damaged` counts what could not be read.

    `report` gets a line for each of the first `MAX_REPORTED` that are damaged, `on_bytes` the
    number of bytes read so far.
    """

    def __init__(
        self,
        files: Sequence[Path],
        report: Callable[[str], object],
        on_bytes: Callable[[int], object],
    ) -> None:
        self.damaged = 0
        self._files = files
        self._report = report
        self._on_bytes = on_bytes

    def records(self, convert: Callable[[SingleRecord], SingleRecord]) -> Iterator[SingleRecord]:
        """Yield every record, converted; what `convert` refuses with a BadAlert is damaged."""
        for name, found in parse_files(self._files, split_records, self._on_bytes):
            if isinstance(found, BadAlert):
                self._note(name, found)
                continue
            try:
                converted = convert(found)
            except BadAlert as error:
                self._note(name, error)
            else:
                yield converted

    def _note(self, name: str, error: BadAlert) -> None:
        self.damaged += 1
        if self.damaged <= MAX_REPORTED:
            self._report(f"damaged: {name}: {error}")

"""Split files of alerts into messages of one record each, as surveys send them.

The bytes of a record stay as they are: it is decoded only to find its end and its object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from stampapp.alerts import packets
from stampapp.alerts.packet_format import object_fields
from stampapp.alerts.record_fields import nested
from stampapp.avro import reader
from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.avro.reader import Record
from stampapp.avro.writer import ContainerTemplate
from stampapp.errors import BadAlert
from stampapp.feeds.alert_files import parse_files

# Enough lines to read; further ones are only counted.
MAX_REPORTED = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class SingleRecord:
    """A message of one record, its key, and the names of its fields."""

    key: bytes | None
    value: bytes
    fields: frozenset[str]


def split_records(source: BinaryIO, schemas: MessageSchemas = NO_SCHEMAS) -> Iterator[SingleRecord]:
    """Yield a message for each record. Raises BadAlert if the file is damaged or not Avro.

    A file that is a message without a container is yielded as it is.
    """
    if reader.is_container(source):
        yield from _split_container(source)
        return
    value = source.read(packets.MAX_MESSAGE)
    schema, record = packets.read_message(value, schemas)
    yield SingleRecord(key=_key(record), value=value, fields=schema.fields)


def _split_container(source: BinaryIO) -> Iterator[SingleRecord]:
    envelope = None
    for head, count, data in reader.read_blocks(source, reader.MAX_DECOMPRESSED_FILE):
        envelope = envelope or ContainerTemplate(head.meta, head.sync)
        end = 0
        for _ in range(count):
            start = end
            record, end = packets.read_record(head.schema, data, start)
            value = envelope.wrap(data[start:end])
            yield SingleRecord(key=_key(record), value=value, fields=head.schema.fields)


def _key(record: Record) -> bytes | None:
    # The key of a message is its object, as in what a worker publishes. 0 is no object.
    names = (nested(record, field) for field in object_fields())
    name = next((name for name in names if name not in {None, 0}), None)
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
        schemas: MessageSchemas = NO_SCHEMAS,
    ) -> None:
        self.damaged = 0
        self._schemas = schemas
        self._files = files
        self._report = report
        self._on_bytes = on_bytes

    def records(self, convert: Callable[[SingleRecord], SingleRecord]) -> Iterator[SingleRecord]:
        """Yield every record, converted; what `convert` refuses with a BadAlert is damaged."""
        split = partial(split_records, schemas=self._schemas)
        for name, found in parse_files(self._files, split, self._on_bytes):
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

"""Publish the alerts of files in an endless loop."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import BinaryIO

from stampapp.alerts import packets
from stampapp.alerts.packet_format import object_fields
from stampapp.alerts.record_fields import nested
from stampapp.alerts.surveys import Survey
from stampapp.avro import reader
from stampapp.avro.reader import Record
from stampapp.avro.writer import RecordWriter
from stampapp.demo.demo_message import DemoMessage
from stampapp.errors import BadAlert, ConfigError
from stampapp.feeds.alert_files import parse_files
from stampapp.feeds.record_splitter import SingleRecord, split_records

LARGEST_DAMAGED = 2**20
# What a round adds to the numbers of objects. No files have so many simulated alerts of a seed,
# whose numbers follow each other.
_NUMBERS_APART = 10**9


def loop_alerts(
    files: Sequence[Path], surveys: Sequence[Survey], report: Callable[[str], object]
) -> Iterator[DemoMessage]:
    """Yield all alerts again and again, with new object names in each round.

    Messages of none of these surveys go to the first. `report` gets a line for each damaged file
    or member. Raises ConfigError if there is no alert.
    """
    for turn in count():
        empty = True
        for name, found in parse_files(files, _records_or_junk):
            if isinstance(found, BadAlert):
                if not turn:
                    report(f"damaged: {name}: {found}")
                continue
            empty = False
            message = _renamed(found, turn)
            key = Path(name).stem.encode() if message.key is None else message.key
            yield DemoMessage(survey=_survey(message.value, surveys), key=key, value=message.value)
        if empty:
            raise ConfigError(f"there is no alert in {', '.join(map(str, files))}")


def _survey(value: bytes, surveys: Sequence[Survey]) -> Survey:
    try:
        found = packets.decode_alert(value).survey
    except BadAlert:
        return surveys[0]
    return found if found in surveys else surveys[0]


def _records_or_junk(source: BinaryIO) -> Iterator[SingleRecord]:
    """Yield the records, or the bytes themselves if not even one can be read.

    The worker dead-letters those, and the table shows it.
    """
    read = 0
    try:
        for record in split_records(source):
            yield record
            read += 1
    except BadAlert:
        if read:
            raise
        source.seek(0)
        yield SingleRecord(key=None, value=source.read(LARGEST_DAMAGED), fields=frozenset())


def _renamed(record: SingleRecord, turn: int) -> SingleRecord:
    if not turn or not record.fields:
        return record
    head, _, data = next(reader.read_blocks(io.BytesIO(record.value), len(record.value)))
    content, _ = reader.read_record(head.schema, data, 0)
    field = next((name for name in object_fields() if nested(content, name)), None)
    if field is None:
        return record
    name = _other_name(nested(content, field), turn)
    value = _writer(head.meta["avro.schema"]).write(_with_field(content, field, name))
    return SingleRecord(key=str(name).encode(), value=value, fields=record.fields)


def _other_name(name: object, turn: int) -> int | str:
    return name + turn * _NUMBERS_APART if isinstance(name, int) else f"{name}-{turn}"


def _with_field(record: Record, field: str, value: object) -> Record:
    """Return the record with another value of a dotted field."""
    outer, _, inner = field.partition(".")
    return record | {outer: _with_field(record[outer], inner, value) if inner else value}


@lru_cache(maxsize=8)
def _writer(schema: bytes) -> RecordWriter:
    return RecordWriter(json.loads(schema))

"""Read output messages of any survey, which this worker or another program has published."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from functools import cache
from itertools import islice

from stampapp.avro.reader import MAGIC, MAX_DECOMPRESSED_MESSAGE, read_datum, read_records
from stampapp.avro.schema import Schema, parse_schema
from stampapp.errors import BadAlert
from stampapp.results.message_format import output_formats
from stampapp.results.output_format import OutputFormat, PublishedResult, Record

# How far from 1 the sum of probabilities may be.
_TOLERANCE = 1e-3


def read_result(value: bytes) -> PublishedResult | None:
    """Return what an output message says, None if it is none."""
    return _read_container(value) if value.startswith(MAGIC) else _read_bare(value)


def result_in_record(schema: Schema, record: Record) -> PublishedResult | None:
    """Return what the record of an output message says, None if it is a record of another kind."""
    for output in output_formats():
        if schema.fields >= output.fields:
            return _decode(output, record)
    return None


def _read_container(value: bytes) -> PublishedResult | None:
    try:
        ((schema, record),) = islice(read_records(io.BytesIO(value), MAX_DECOMPRESSED_MESSAGE), 2)
    except (BadAlert, ValueError):
        return None
    return result_in_record(schema, record)


def _read_bare(value: bytes) -> PublishedResult | None:
    """Return what a bare datum says.

    It has no schema, but bytes of another kind do not end where a datum ends, with probabilities
    that add up to 1.
    """
    return next((one for one in _bare_results(value) if _adds_up(one)), None)


def _bare_results(value: bytes) -> Iterator[PublishedResult]:
    for output in output_formats():
        try:
            record = read_datum(value, _schema(output))
        except BadAlert:
            continue
        if found := _decode(output, record):
            yield found


def _adds_up(found: PublishedResult) -> bool:
    probabilities = found.probabilities.values()
    return all(0 <= one <= 1 for one in probabilities) and abs(sum(probabilities) - 1) < _TOLERANCE


@cache
def _schema(output: OutputFormat) -> Schema:
    return parse_schema(json.dumps(output.schema).encode())


def _decode(output: OutputFormat, record: Record) -> PublishedResult | None:
    try:
        return output.decode(record)
    except (LookupError, TypeError, ValueError, AttributeError):
        return None

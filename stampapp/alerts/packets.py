"""Decode messages to alerts. The schema of a message decides its kind, not its topic."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from itertools import islice
from typing import BinaryIO

from stampapp.alerts import sorting_hat
from stampapp.alerts.alert import Alert
from stampapp.alerts.packet_format import packet_format
from stampapp.alerts.surveys import Survey
from stampapp.avro import reader
from stampapp.avro.reader import Record
from stampapp.avro.schema import Schema
from stampapp.errors import BadAlert

Decoded = Alert | BadAlert


def decode_alert(value: bytes | None) -> Alert:
    """Decode one Kafka message: an Avro container with one alert.

    Raises BadAlert for anything else.
    """
    if not value:
        raise BadAlert("empty", "the message has no value")
    found = list(islice(decode_records(io.BytesIO(value), reader.MAX_DECOMPRESSED_MESSAGE), 2))
    for one in found:
        if isinstance(one, BadAlert):
            # With its traceback it would be part of a reference cycle.
            raise one.without_traceback()
    if len(found) != 1 or not isinstance(found[0], Alert):
        number = "more than one record" if found else "no record"
        raise BadAlert("not-one-alert", f"the container holds {number}, one alert is expected")
    return found[0]


def decode_records(
    source: BinaryIO, max_decompressed: int = reader.MAX_DECOMPRESSED_FILE
) -> Iterator[Decoded]:
    """Yield the alert of each record, or the BadAlert that says why there is none.

    Where the container itself is damaged, the last item is a BadAlert for the rest.
    """
    try:
        for schema, record in reader.read_records(source, max_decompressed):
            yield _alert(schema, record)
    except BadAlert as error:
        yield error.without_traceback()


def _alert(schema: Schema, record: Record) -> Decoded:
    try:
        return _decoder(schema.fields)(record)
    except BadAlert as error:
        return error.without_traceback()


def _decoder(fields: frozenset[str]) -> Callable[[Record], Alert]:
    if fields >= sorting_hat.FIELDS:
        return sorting_hat.decode_sorting_hat
    formats = [found for found in map(packet_format, Survey) if fields >= found.fields]
    if not formats:
        surveys = " or ".join(Survey)
        raise BadAlert(
            "schema",
            f"the record is neither a sorting-hat message nor a packet of {surveys}; it has the"
            f" fields {', '.join(sorted(fields))}",
        )
    # One survey's packets may have all fields of another's, and more.
    return max(formats, key=lambda found: len(found.fields)).decode

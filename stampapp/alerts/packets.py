"""Decode messages to alerts. The schema of a message decides its kind, not its topic."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import BinaryIO

from stampapp.alerts import sorting_hat
from stampapp.alerts.alert import Alert
from stampapp.alerts.packet_format import PacketFormat, packet_format
from stampapp.alerts.surveys import Survey
from stampapp.avro import framing, reader
from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.avro.reader import Record
from stampapp.avro.record_reader import RecordReader
from stampapp.avro.schema import Schema
from stampapp.avro.single_record import SingleRecords
from stampapp.errors import BadAlert

Decoded = Alert | BadAlert
# Bytes of a file that is a message; the largest that Kafka is asked for is smaller.
MAX_MESSAGE = 2**26
_SINGLE_RECORDS = SingleRecords()


def decode_alert(value: bytes | None, schemas: MessageSchemas = NO_SCHEMAS) -> Alert:
    """Decode one Kafka message: an Avro container with one alert, or an alert without a container.

    Raises BadAlert for anything else.
    """
    if not value:
        raise BadAlert("empty", "the message has no value")
    if not value.startswith(reader.MAGIC):
        return _decoded(*read_message(value, schemas))
    if usual := _read_usual(value):
        return _decoded(*usual)
    found = list(islice(_decode_container(io.BytesIO(value), reader.MAX_DECOMPRESSED_MESSAGE), 2))
    for one in found:
        if isinstance(one, BadAlert):
            # With its traceback it would be part of a reference cycle.
            raise one.without_traceback()
    if len(found) != 1 or not isinstance(found[0], Alert):
        number = "more than one record" if found else "no record"
        raise BadAlert("not-one-alert", f"the container holds {number}, one alert is expected")
    _SINGLE_RECORDS.learn(value)
    return found[0]


def _read_usual(value: bytes) -> tuple[Schema, Record] | None:
    """Return the record of a container like those before it; None for any other."""
    place = _SINGLE_RECORDS.find(value)
    if place is None:
        return None
    try:
        record, end = read_record(place.schema, value, place.start)
    except BadAlert:
        # The reader of containers says what is wrong with it.
        return None
    return (place.schema, record) if end == place.end else None


def decode_records(source: BinaryIO, schemas: MessageSchemas = NO_SCHEMAS) -> Iterator[Decoded]:
    """Yield the alert of each record of a file, or the BadAlert that says why there is none.

    The file is an Avro container or a message without one. Where a container itself is damaged, the
    last item is a BadAlert for the rest.
    """
    if reader.is_container(source):
        yield from _decode_container(source, reader.MAX_DECOMPRESSED_FILE)
        return
    try:
        yield decode_alert(source.read(MAX_MESSAGE), schemas)
    except BadAlert as error:
        yield error.without_traceback()


def read_message(value: bytes, schemas: MessageSchemas) -> tuple[Schema, Record]:
    """Return the record of a message without a container, and its schema. Raises BadAlert."""
    schema, start = find_schema(value, schemas)
    return schema, reader.read_datum(value, schema, start=start, read=read_record)


def find_schema(value: bytes, schemas: MessageSchemas) -> tuple[Schema, int]:
    """Return the schema of a message without a container, and where its data start.

    Raises BadAlert.
    """
    bare = schemas.bare
    if not value.startswith(framing.WIRE_MAGIC):
        if bare is None:
            raise BadAlert(
                "not-avro",
                "not an Avro object container: it does not begin with 'Obj', nor with 0 as in"
                " Confluent's wire format; for data without a header set SCHEMA_PATH to the file of"
                " their schema",
            )
        return bare, 0
    if bare is not None and _fits(bare, value):
        return bare, 0
    return schemas.by_id(framing.wire_id(value)), framing.WIRE_HEADER


async def load_schemas(values: Iterable[bytes | None], schemas: MessageSchemas) -> None:
    """Ask the registry, if there is one, for the schemas that messages name; wait for its answer.

    Raises SchemaError after the timeout.
    """
    if schemas.registry:
        found = (_wire_id(value, schemas) for value in values if value)
        await schemas.load({number for number in found if number is not None})


def _wire_id(value: bytes, schemas: MessageSchemas) -> int | None:
    """Return the id that a message names; None where it names none."""
    if not value.startswith(framing.WIRE_MAGIC) or (schemas.bare and _fits(schemas.bare, value)):
        return None
    try:
        return framing.wire_id(value)
    except BadAlert:
        return None


def _fits(bare: Schema, value: bytes) -> bool:
    # The first field of bare data may be 0, too. Data in wire format do not fit by chance.
    try:
        reader.read_datum(value, bare, read=read_record)
    except BadAlert:
        return False
    return True


def _decode_container(source: BinaryIO, max_decompressed: int) -> Iterator[Decoded]:
    try:
        for schema, record in reader.read_records(source, max_decompressed, read_record):
            yield _alert(schema, record)
    except BadAlert as error:
        yield error.without_traceback()


def read_record(schema: Schema, data: bytes, start: int) -> tuple[Record, int]:
    """Return the record that begins at a position, without unused fields, and where it ends.

    Raises BadAlert.
    """
    return _record_reader(schema).read(data, start)


@lru_cache(maxsize=64)
def _record_reader(schema: Schema) -> RecordReader:
    formats = _formats(schema.fields)
    return RecordReader(schema, _packet(formats).unused_fields if formats else frozenset())


def _alert(schema: Schema, record: Record) -> Decoded:
    try:
        return _decoded(schema, record)
    except BadAlert as error:
        return error.without_traceback()


def _decoded(schema: Schema, record: Record) -> Alert:
    return _decoder(schema.fields)(record)


def _decoder(fields: frozenset[str]) -> Callable[[Record], Alert]:
    if fields >= sorting_hat.FIELDS:
        return sorting_hat.decode_sorting_hat
    formats = _formats(fields)
    if not formats:
        surveys = " or ".join(Survey)
        raise BadAlert(
            "schema",
            f"the record is neither a sorting-hat message nor a packet of {surveys}; it has the"
            f" fields {', '.join(sorted(fields))}",
        )
    return _packet(formats).decode


def _formats(fields: frozenset[str]) -> list[PacketFormat]:
    return [found for found in map(packet_format, Survey) if fields >= found.fields]


def _packet(formats: list[PacketFormat]) -> PacketFormat:
    # One survey's packets may have all fields of another's, and more.
    return max(formats, key=lambda found: len(found.fields))

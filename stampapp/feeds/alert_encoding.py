"""Encode alerts as their survey's packets, or as messages of the sorting hat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stampapp.alerts import sorting_hat
from stampapp.alerts.alert import Alert
from stampapp.alerts.packet_format import packet_format
from stampapp.alerts.surveys import Survey
from stampapp.avro.message_schemas import MessageSchemas
from stampapp.avro.reader import Record
from stampapp.avro.writer import RecordWriter, WireWriter
from stampapp.errors import BadAlert, ConfigError

EncodeAlert = Callable[[Alert], bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class WireSchema:
    """The schema of messages in wire format, and its id in the registry."""

    schema_id: int
    schema: Record


def own_schemas() -> dict[Survey, WireSchema]:
    """Return our own schemas of the surveys' packets, numbered for a registry of our own."""
    encodings = {survey: packet_format(survey).encoding for survey in Survey}
    schemas = {survey: one.file_schema() for survey, one in encodings.items() if one}
    return {
        survey: WireSchema(schema_id=number, schema=schema)
        for number, (survey, schema) in enumerate(schemas.items(), 1)
    }


def published_schema(
    survey: Survey, schema_id: int | None, schemas: MessageSchemas
) -> WireSchema | None:
    """Return the schema of a survey's messages: that of the id, or the survey's default.

    None for containers: for a survey without packets of its own, and where neither an id is given
    nor any source of schemas. Raises ConfigError if there is no such schema.
    """
    encoding = packet_format(survey).encoding
    if encoding is None:
        if schema_id is not None:
            raise ConfigError(f"{survey} alerts are published without a schema's id: omit it")
        return None
    if schema_id is None and not schemas.has_ids:
        return None
    chosen = encoding.schema_id if schema_id is None else schema_id
    try:
        return WireSchema(schema_id=chosen, schema=schemas.by_id(chosen).parsed)
    except BadAlert as error:
        raise ConfigError(f"{survey} alerts need a schema to be published: {error}") from error


def file_format(survey: Survey) -> tuple[Record, Callable[[Alert], Record]]:
    """Return the schema of files with a survey's alerts, and what makes an alert their record."""
    encoding = packet_format(survey).encoding
    if encoding is None:
        return sorting_hat.SCHEMA, sorting_hat.encode_record
    schema, encode = encoding.file_schema(), encoding.encode
    return schema, lambda alert: encode(alert, schema)


def message_encoder(survey: Survey, wire: WireSchema | None = None) -> EncodeAlert:
    """Return what encodes a survey's alerts as messages: containers, or packets in wire format.

    Only a survey with packets of its own has messages in wire format.
    """
    encoding = packet_format(survey).encoding
    if encoding is None or wire is None:
        schema, encode = file_format(survey)
        container = RecordWriter(schema)
        return lambda alert: container.write(encode(alert))
    writer = WireWriter(wire.schema_id, wire.schema)
    return lambda alert: writer.write(encoding.encode(alert, wire.schema))

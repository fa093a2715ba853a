"""Rubin's schemas, from the package that the tests install, and packets by them."""

from __future__ import annotations

import json
from typing import Any

from stampapp.alerts import lsst_packet, packets
from stampapp.alerts.alert import Alert
from stampapp.alerts.installed_schemas import installed_schemas
from stampapp.avro.framing import wire_header
from stampapp.avro.message_schemas import MessageSchemas
from tests.support.avro import datum

SCHEMAS = MessageSchemas(installed_schemas())
# Every version that stampapp reads.
IDS = (704, 800, 900, 1000, 1100, 1101)


def schema_json(number: int) -> dict[str, Any]:
    """Return the resolved schema of an id."""
    return json.loads(SCHEMAS.by_id(number).text)  # type: ignore[no-any-return]


def bare_packet(number: int, alert: Alert, **fields: object) -> bytes:
    """Return an alert as a packet of this version; `fields` replace those of the packet."""
    schema = schema_json(number)
    return datum(schema, {**lsst_packet.encode(alert, schema), **fields})


def wire_packet(number: int, alert: Alert, **fields: object) -> bytes:
    """Return the same in Confluent's wire format."""
    return wire_header(number) + bare_packet(number, alert, **fields)


def object_of(message: bytes) -> bytes:
    """Return the key of a message in wire format: its object's id as text."""
    source = packets.read_message(message, SCHEMAS)[1]["diaSource"]
    return str(source["diaObjectId"] or source["ssObjectId"]).encode()

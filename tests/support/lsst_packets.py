"""Packets of LSST in wire format, by several schemas of our own or by those of Rubin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np

from stampapp.alerts import lsst_packet
from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.feeds.alert_encoding import WireSchema, message_encoder
from stampapp.feeds.alert_files import read_alerts
from tests.support.lsst_stamps import NAMES, cutout, lsst_alert
from tests.support.topics import Record

# Every tenth object is known in the solar system.
KNOWN = 10
# What a worker needs to write into the database.
SCRIBE = {"SCRIBE_CLASSIFIER_ID": "1", "SCRIBE_TAXONOMY": "SN:0,AGN:1,VS:2,asteroid:3,bogus:4"}


def own_schemas(versions: int) -> dict[int, Any]:
    """Return versions of our own schema by id; each has one more field within its source.

    A reader that decodes a message by another version finds other values, or none.
    """
    schemas = {}
    for number in range(1, versions + 1):
        schema = lsst_packet.file_schema()
        source = next(one["type"] for one in schema["fields"] if one["name"] == "diaSource")
        source["fields"][2:2] = [{"name": f"new{n}", "type": "string"} for n in range(number)]
        schemas[number] = schema
    return schemas


def alerts(first: int) -> Iterator[Alert]:
    """Yield alerts endlessly, of one object after the other from this number on."""
    seen = _stamps()
    for number in range(first, 2**63):
        known = {"ssObjectId": number} if number % KNOWN == 0 else {"diaObjectId": number}
        flux = {"psfFlux": 1000.0 + number % 97, "psfFluxErr": 50.0}
        alert = lsst_alert(seen[number % len(seen)], **flux, **known)
        yield _named(alert, number)


def simulated(file: Path, first: int) -> Iterator[Alert]:
    """Yield the alerts of a file endlessly, each time as other objects, from this number on."""
    numbers = count(first)
    while True:
        # Read again, because thousands would fill the memory.
        for found in read_alerts([file]):
            assert isinstance(found, Alert), found
            number = next(numbers)
            known = {"ssObjectId": number if number % KNOWN == 0 else 0}
            yield _named(replace(found, extra_fields={**found.extra_fields, **known}), number)


def container_messages(number: int, first: int = 10**17 + 1) -> Iterator[Record]:
    """Yield messages with alerts of different objects; a container needs no registry."""
    encode = message_encoder(Survey.LSST, None)
    for alert in islice(alerts(first), number):
        yield Record(alert.oid.encode(), encode(alert))


class PacketWriter:
    """Encodes alerts as messages in wire format by any of these schemas."""

    def __init__(self, schemas: Mapping[int, Any]) -> None:
        self._encoders = {
            schema_id: message_encoder(Survey.LSST, WireSchema(schema_id=schema_id, schema=schema))
            for schema_id, schema in schemas.items()
        }

    def __call__(self, alert: Alert, schema_id: int) -> bytes:
        return self._encoders[schema_id](alert)


def _named(alert: Alert, number: int) -> Alert:
    return replace(alert, aid=str(number), oid=str(number), candid=str(number))


@cache
def _stamps() -> list[dict[str, bytes]]:
    rng = np.random.default_rng(1)
    return [{name: cutout(rng.normal(0.0, 40.0, (30, 30))) for name in NAMES} for _ in range(8)]


def container(alert: Alert) -> bytes:
    """Encode an alert as a container by our own schema."""
    return message_encoder(Survey.LSST)(alert)


def later(alert: Alert) -> Alert:
    """Return a later alert of the same object."""
    return replace(alert, mjd=alert.mjd + 1.0, candid=str(int(alert.candid) + 10**8))

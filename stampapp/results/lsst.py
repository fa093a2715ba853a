"""LSST: the output record of ALeRCE's Rubin step, and the objects in the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from stampapp.alerts.alert import Alert
from stampapp.alerts.record_fields import number
from stampapp.errors import BadAlert
from stampapp.results.message_format import ArchivedObject, MessageFormat, ScribeFormat
from stampapp.results.outcome import Classification
from stampapp.results.output_format import OutputFormat, PublishedResult, Record
from stampapp.results.stamp_classification import STAMP_CLASSIFICATION

_IDS = ("diaObjectId", "ssObjectId", "diaSourceId")
_POSITION = ("midpointMjdTai", "ra", "dec")
SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "RubinStampClassifierOutput",
    "namespace": "alerce.rubin_stamp_classifier_step",
    "fields": [
        *({"name": name, "type": "long"} for name in _IDS),
        {"name": "probabilities", "type": {"type": "map", "values": "double"}},
        *({"name": name, "type": "double"} for name in _POSITION),
    ],
}
_DIA_OBJECT, _SOLAR_SYSTEM_OBJECT = 1, 2


def alert_fields(alert: Alert) -> Record:
    """Return the fields of an alert that its output has. Raises BadAlert where one is missing."""
    return {
        **{name: _id(alert, name) for name in _IDS},
        "midpointMjdTai": number(alert.extra_fields, "midpointMjdTai"),
        "ra": alert.ra,
        "dec": alert.dec,
    }


def _id(alert: Alert, name: str) -> int:
    value = alert.extra_fields.get(name) or 0
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise BadAlert("field", f"{name} is {value!r}, a whole number of 64 bits is expected")
    return value


def encode(alert: Alert, classification: Classification, _: datetime) -> Record:
    """Return the record of a result."""
    return {**alert_fields(alert), "probabilities": dict(classification.probabilities)}


def decode(record: Record) -> PublishedResult:
    """Read a record."""
    return PublishedResult(
        aid=str(record["diaObjectId"] or record["ssObjectId"]),
        probabilities={str(name): float(p) for name, p in record["probabilities"].items()},
        others={name: record.get(name) for name in (*_IDS, *_POSITION)},
    )


def archived_object(alert: Alert) -> ArchivedObject:
    """Return the ids of an alert's object. Raises BadAlert where a field is missing."""
    fields = alert_fields(alert)
    known = fields["ssObjectId"]
    return ArchivedObject(
        oid=fields["diaObjectId"] or known,
        sid=_SOLAR_SYSTEM_OBJECT if known else _DIA_OBJECT,
        last_mjd=fields["midpointMjdTai"],
    )


RUBIN = OutputFormat(
    name="rubin",
    schema=SCHEMA,
    fields=frozenset({*_IDS, "probabilities"}),
    encode=encode,
    decode=decode,
    check=alert_fields,
    every_alert=True,
)
PLUGIN = MessageFormat(
    outputs=(RUBIN, STAMP_CLASSIFICATION),
    commands=(ScribeFormat.PROBABILITY_ARCHIVAL, ScribeFormat.UPDATE_PROBABILITIES),
    archived_object=archived_object,
)

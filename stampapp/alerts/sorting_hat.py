"""The messages of ALeRCE's sorting hat: their schema, an alert from one, and one from an alert."""

from __future__ import annotations

from typing import Any

from stampapp.alerts import record_fields
from stampapp.alerts.alert import Alert
from stampapp.alerts.packet_format import packet_format
from stampapp.alerts.record_fields import mapping, number, text
from stampapp.alerts.surveys import Survey
from stampapp.avro.reader import Record
from stampapp.avro.writer import RecordWriter
from stampapp.errors import BadAlert

_STAMP = ["null", "bytes"]
SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "alert",
    "namespace": "alerce",
    "fields": [
        {"name": "aid", "type": "string"},
        {"name": "oid", "type": "string"},
        {"name": "sid", "type": "string"},
        {"name": "tid", "type": "string"},
        {"name": "pid", "type": "long"},
        {"name": "candid", "type": "string"},
        {"name": "mjd", "type": "double"},
        {"name": "fid", "type": "string"},
        {"name": "ra", "type": "double"},
        {"name": "dec", "type": "double"},
        {"name": "mag", "type": "float"},
        {"name": "e_mag", "type": "float"},
        {"name": "isdiffpos", "type": "int"},
        {"name": "e_ra", "type": "double"},
        {"name": "e_dec", "type": "double"},
        {
            "name": "extra_fields",
            "type": {"type": "map", "values": ["null", "int", "float", "string", "bytes"]},
        },
        {
            "name": "stamps",
            "type": {
                "type": "record",
                "name": "stamp",
                "fields": [
                    {"name": "science", "type": _STAMP},
                    {"name": "template", "type": _STAMP},
                    {"name": "difference", "type": _STAMP},
                ],
            },
        },
    ],
}
# The fields by which a record is known as one of these.
FIELDS = frozenset({"aid", "oid", "candid", "mjd", "extra_fields", "stamps"})
_COPIED = ("aid", "oid", "candid", "mjd", "fid", "ra", "dec", "mag", "e_mag", "isdiffpos")
_STAMPS = ("science", "template", "difference")
_INT32, _FLOAT32 = 2**31, 3.4028234e38


def message_writer() -> RecordWriter:
    """Return a writer of sorting-hat messages: one container for each record."""
    return RecordWriter(SCHEMA)


def encode_record(alert: Alert) -> dict[str, object]:
    """Return an alert as the record of a sorting-hat message (`e_ra`, `e_dec` in arcsec)."""
    extra = dict(alert.extra_fields)
    pid = extra.pop("pid", None)
    error = packet_format(alert.survey).position_error
    return {
        **{name: getattr(alert, name) for name in _COPIED},
        "sid": str(alert.survey),
        "tid": str(alert.survey),
        "pid": pid if isinstance(pid, int) else _pid(alert.candid),
        "e_ra": error,
        "e_dec": error,
        "extra_fields": {name: _narrow(value) for name, value in extra.items()},
        "stamps": {name: alert.stamps.get(name) for name in _STAMPS},
    }


def _pid(candid: str) -> int:
    # The last six digits count the candidates of an image.
    return int(candid) // 10**6 if candid.isdecimal() else 0


def _narrow(value: object) -> object:
    """Return a value in a type that the map can hold: 32 bits for a number, no lists."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int) and not -_INT32 <= value < _INT32:
        return float(value)
    if isinstance(value, float) and abs(value) > _FLOAT32:
        return float("inf") if value > 0 else float("-inf")
    return value if isinstance(value, int | float | str | bytes) else None


def decode_sorting_hat(record: Record) -> Alert:
    """Return the alert in a message. Raises BadAlert where a field is missing or wrong."""
    survey = _survey(record)
    return Alert(
        aid=text(record, "aid"),
        oid=text(record, "oid"),
        candid=text(record, "candid"),
        survey=survey,
        mjd=number(record, "mjd"),
        fid=record_fields.band(record.get("fid"), packet_format(survey).bands),
        ra=number(record, "ra"),
        dec=number(record, "dec"),
        mag=number(record, "mag"),
        e_mag=number(record, "e_mag"),
        isdiffpos=record_fields.sign(record),
        extra_fields=mapping(record, "extra_fields"),
        stamps=mapping(record, "stamps"),  # type: ignore[arg-type]  # checked by fits_image
    )


def _survey(record: Record) -> Survey:
    name = str(record.get("sid") or record.get("tid") or "")
    for survey in Survey:
        if name.upper().startswith(survey):
            return survey
    raise BadAlert("survey", f"the alert is of survey {name!r}, not of {' or '.join(Survey)}")

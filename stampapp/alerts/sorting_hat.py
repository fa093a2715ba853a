"""A labelled alert → the message that the sorting hat would publish."""

from __future__ import annotations

from stampapp.alerts.alert import Alert
from stampapp.alerts.record_fields import (
    _filter,
    _mapping,
    _number,
    _sign,
    _text,
)
from stampapp.alerts.surveys import Survey
from stampapp.avro.reader import Record
from stampapp.avro.writer import RecordWriter
from stampapp.errors import BadAlert

_STAMP = ["null", "bytes"]
SCHEMA = {
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
_ERROR = {Survey.ZTF: 6.5e-5, Survey.ATLAS: 1.4e-4}


def writer() -> RecordWriter:
    """Return a writer of sorting-hat messages: one container for each record."""
    return RecordWriter(SCHEMA)


def record(alert: Alert) -> dict[str, object]:
    """Return an alert as the record of a sorting-hat message (`e_ra`, `e_dec` in degrees)."""
    names = ("aid", "oid", "candid", "mjd", "fid", "ra", "dec", "mag", "e_mag", "isdiffpos")
    return {
        **{name: getattr(alert, name) for name in names},
        "sid": str(alert.survey),
        "tid": str(alert.survey),
        "pid": int(alert.candid) // 10**6,
        "e_ra": _ERROR[alert.survey],
        "e_dec": _ERROR[alert.survey],
        "extra_fields": dict(alert.extra_fields),
        "stamps": {name: alert.stamps.get(name) for name in ("science", "template", "difference")},
    }


def _sorting_hat(record: Record) -> Alert:
    return Alert(
        aid=_text(record, "aid"),
        oid=_text(record, "oid"),
        candid=_text(record, "candid"),
        survey=_survey(record),
        mjd=_number(record, "mjd"),
        fid=_filter(record.get("fid")),
        ra=_number(record, "ra"),
        dec=_number(record, "dec"),
        mag=_number(record, "mag"),
        e_mag=_number(record, "e_mag"),
        isdiffpos=_sign(record),
        extra_fields=_mapping(record, "extra_fields"),
        stamps=_mapping(record, "stamps"),  # type: ignore[arg-type]  # checked by stamps.decode
    )


def _survey(record: Record) -> Survey:
    name = str(record.get("sid") or record.get("tid") or "")
    for survey in Survey:
        if name.upper().startswith(survey):
            return survey
    raise BadAlert("survey", f"the alert is of survey {name!r}, neither ZTF nor ATLAS")

"""Packets unlike those of any other survey: nested, in other units, with one stamp."""

from __future__ import annotations

from typing import Any

from stampapp.alerts.alert import Alert
from stampapp.alerts.packet_format import PacketFormat
from stampapp.alerts.record_fields import mapping, number, text
from stampapp.alerts.surveys import Survey
from stampapp.avro.reader import Record

SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "toy",
    "fields": [
        {"name": "thing", "type": "string"},
        {
            "name": "source",
            "type": {
                "type": "record",
                "name": "source",
                "fields": [
                    {"name": "number", "type": "long"},
                    {"name": "days", "type": "double"},
                    {"name": "place", "type": {"type": "array", "items": "double"}},
                    {"name": "millimag", "type": "int"},
                    {"name": "colour", "type": "int"},
                    {"name": "roundness", "type": ["null", "double"]},
                ],
            },
        },
        {"name": "picture", "type": "bytes"},
    ],
}
_BANDS = {7: "violet"}


def decode(record: Record) -> Alert:
    """Return the alert in a packet. Raises BadAlert."""
    source = mapping(record, "source")
    ra, dec = record["source"]["place"]
    return Alert(
        aid=text(record, "thing"),
        oid=text(record, "thing"),
        candid=text(source, "number"),
        survey=Survey("TOY"),
        mjd=number(source, "days") + 60000.0,
        fid=_BANDS[int(number(source, "colour"))],
        ra=ra,
        dec=dec,
        mag=number(source, "millimag") / 1000.0,
        e_mag=0.1,
        isdiffpos=1,
        extra_fields={"roundness": source.get("roundness")},
        stamps={"picture": record["picture"]},
    )


PLUGIN = PacketFormat(
    fields=frozenset({"thing", "source", "picture"}),
    decode=decode,
    object_fields=("thing",),
    candid_fields=("source.number",),
    bands=_BANDS,
    position_error=1.5,
    simulated_prefix="TOYSIM",
)

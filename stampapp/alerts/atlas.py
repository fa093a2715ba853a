"""The packets that ATLAS publishes."""

from __future__ import annotations

from stampapp.alerts import record_fields
from stampapp.alerts.alert import Alert
from stampapp.alerts.packet_format import PacketFormat
from stampapp.alerts.record_fields import mapping, number, text
from stampapp.alerts.surveys import Survey
from stampapp.avro.reader import Record

# ATLAS sends no template.
_CUTOUTS = ("Science", "Difference")
# The fields of the candidate that have a place of their own in an alert.
_MOVED = frozenset({"mjd", "filter", "RA", "Dec", "Mag", "Dmag", "isdiffpos", "candid"})


def decode(record: Record) -> Alert:
    """Return the alert in a packet. Raises BadAlert where a field is missing or wrong."""
    candidate = mapping(record, "candidate")
    return Alert(
        aid=text(record, "objectId"),
        oid=text(record, "objectId"),
        candid=text(record, "candid"),
        survey=Survey.ATLAS,
        mjd=number(candidate, "mjd"),
        fid=record_fields.band(candidate.get("filter"), {}),
        ra=number(candidate, "RA"),
        dec=number(candidate, "Dec"),
        mag=number(candidate, "Mag"),
        e_mag=number(candidate, "Dmag"),
        isdiffpos=record_fields.sign(candidate),
        extra_fields=record_fields.without(candidate, _MOVED),
        stamps=record_fields.cutouts(record, *_CUTOUTS),
    )


PLUGIN = PacketFormat(
    fields=frozenset({"objectId", "candid", "candidate", *(f"cutout{name}" for name in _CUTOUTS)}),
    decode=decode,
    object_fields=("objectId",),
    candid_fields=("candid", "candidate.candid"),
    bands={},
    position_error=0.14,
    simulated_prefix="ATLASSIM",
)

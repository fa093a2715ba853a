"""The packets that ZTF publishes (schemas 3 and 4)."""

from __future__ import annotations

from stampapp.alerts import record_fields
from stampapp.alerts.alert import Alert
from stampapp.alerts.packet_format import PacketFormat
from stampapp.alerts.record_fields import mapping, number, text
from stampapp.alerts.surveys import Survey
from stampapp.avro.reader import Record

_CUTOUTS = ("Science", "Template", "Difference")
_BANDS = {1: "g", 2: "r", 3: "i"}
_JD_OF_MJD_ZERO = 2400000.5
# The fields of the candidate that have a place of their own in an alert.
_MOVED = frozenset({"jd", "fid", "ra", "dec", "magpsf", "sigmapsf", "isdiffpos", "candid"})


def decode(record: Record) -> Alert:
    """Return the alert in a packet. Raises BadAlert where a field is missing or wrong."""
    candidate = mapping(record, "candidate")
    return Alert(
        aid=text(record, "objectId"),
        oid=text(record, "objectId"),
        candid=text(record, "candid"),
        survey=Survey.ZTF,
        mjd=number(candidate, "jd") - _JD_OF_MJD_ZERO,
        fid=record_fields.band(candidate.get("fid"), _BANDS),
        ra=number(candidate, "ra"),
        dec=number(candidate, "dec"),
        mag=number(candidate, "magpsf"),
        e_mag=number(candidate, "sigmapsf"),
        isdiffpos=record_fields.sign(candidate),
        extra_fields=record_fields.without(candidate, _MOVED),
        stamps=record_fields.cutouts(record, *_CUTOUTS),
    )


PLUGIN = PacketFormat(
    fields=frozenset({"objectId", "candid", "candidate", *(f"cutout{name}" for name in _CUTOUTS)}),
    decode=decode,
    object_fields=("objectId",),
    candid_fields=("candid", "candidate.candid"),
    bands=_BANDS,
    position_error=0.065,
    simulated_prefix="ZTFSIM",
    # Within 1.5 arcsec, in the same field and readout channel, from a signal-to-noise ratio of 3.
    detections_field="ndethist",
    # Of the 30 days before: most of the values in a packet.
    unused_fields=frozenset({"prv_candidates", "fp_hists"}),
)

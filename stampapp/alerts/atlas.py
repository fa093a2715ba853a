"""Decode the packets that ATLAS publishes."""

from __future__ import annotations

from stampapp.alerts.alert import Alert
from stampapp.alerts.record_fields import (
    _cutouts,
    _filter,
    _mapping,
    _number,
    _sign,
    _text,
    _without,
)
from stampapp.alerts.surveys import Survey
from stampapp.avro.reader import Record

_ATLAS_MOVED = frozenset({"mjd", "filter", "RA", "Dec", "Mag", "Dmag", "isdiffpos", "candid"})


def _raw_atlas(record: Record) -> Alert:
    candidate = _mapping(record, "candidate")
    return Alert(
        aid=_text(record, "objectId"),
        oid=_text(record, "objectId"),
        candid=_text(record, "candid"),
        survey=Survey.ATLAS,
        mjd=_number(candidate, "mjd"),
        fid=_filter(candidate.get("filter")),
        ra=_number(candidate, "RA"),
        dec=_number(candidate, "Dec"),
        mag=_number(candidate, "Mag"),
        e_mag=_number(candidate, "Dmag"),
        isdiffpos=_sign(candidate),
        extra_fields=_without(candidate, _ATLAS_MOVED),
        stamps=_cutouts(record, "Science", "Difference"),
    )

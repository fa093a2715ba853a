"""Decode the packets that ZTF publishes."""

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

JD_OF_MJD_ZERO = 2400000.5


_ZTF_MOVED = frozenset({"jd", "fid", "ra", "dec", "magpsf", "sigmapsf", "isdiffpos", "candid"})


def _raw_ztf(record: Record) -> Alert:
    candidate = _mapping(record, "candidate")
    return Alert(
        aid=_text(record, "objectId"),
        oid=_text(record, "objectId"),
        candid=_text(record, "candid"),
        survey=Survey.ZTF,
        mjd=_number(candidate, "jd") - JD_OF_MJD_ZERO,
        fid=_filter(candidate.get("fid")),
        ra=_number(candidate, "ra"),
        dec=_number(candidate, "dec"),
        mag=_number(candidate, "magpsf"),
        e_mag=_number(candidate, "sigmapsf"),
        isdiffpos=_sign(candidate),
        extra_fields=_without(candidate, _ZTF_MOVED),
        stamps=_cutouts(record, "Science", "Template", "Difference"),
    )

"""An alert, and an alert whose class is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stampapp.alerts.surveys import Survey


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """One detection, with the names and units of the sorting hat.

    `mjd` in days (UTC); `ra`, `dec` in degrees (ICRS); `mag`, `e_mag` in magnitudes;
    `isdiffpos` is +1 for a positive difference and -1 for a negative one; `stamps` holds the
    FITS images, gzipped or plain, by the names science, template and difference.
    """

    aid: str
    oid: str
    candid: str
    survey: Survey
    mjd: float
    fid: str
    ra: float
    dec: float
    mag: float
    e_mag: float
    isdiffpos: int
    extra_fields: Mapping[str, object]
    stamps: Mapping[str, bytes | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledAlert:
    """An alert and the known class of its object."""

    alert: Alert
    label: str

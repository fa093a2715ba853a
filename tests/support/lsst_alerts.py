"""Alerts of LSST whose numbers a float would change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey

OBJECT = 169_813_006_111_211_571


def lsst_alert(**changed: Any) -> Alert:
    """Return an alert with two cutouts that are no images."""
    made = Alert(
        aid=str(OBJECT),
        oid=str(OBJECT),
        candid=str(OBJECT + 2),
        survey=Survey.LSST,
        mjd=61000.25,
        fid="i",
        ra=150.25,
        dec=-2.5,
        mag=22.0,
        e_mag=0.1,
        isdiffpos=-1,
        extra_fields={"psfFlux": -1024.0, "psfFluxErr": 64.0, "isDipole": True, "detector": 7},
        stamps={"science": b"sci", "template": None, "difference": b"diff"},
    )
    return replace(made, **changed)

"""The web pages of LSST's objects."""

from __future__ import annotations

from stampapp.alerts.alert import Alert
from stampapp.dashboard.links import ObjectPages


def has_pages(alert: Alert) -> bool:
    """Return whether the alert's object is not of the solar system: brokers have no pages there."""
    return bool(alert.extra_fields.get("diaObjectId"))


PLUGIN = ObjectPages(
    urls={
        "ALeRCE": "https://lsst.alerce.online/object/{oid}?survey=lsst",
        "Fink": "https://lsst.fink-portal.org/{oid}",
        "Lasair": "https://lasair.lsst.ac.uk/objects/{oid}/",
    },
    has_pages=has_pages,
)

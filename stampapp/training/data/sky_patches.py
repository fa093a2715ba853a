"""Patches of the sky, to keep alerts together that share exposures."""

from __future__ import annotations

import math

from stampapp.alerts.alert import Alert

# About the side of the largest field of a survey.
_SIDE = 7.0


def sky_patch(alert: Alert, field: str | None) -> str:
    """Return the name of an alert's patch: its value of `field`, or that of its position."""
    value = alert.extra_fields.get(field) if field else None
    return f"field {value}" if value is not None else _patch_around(alert.ra, alert.dec)


def _patch_around(ra: float, dec: float) -> str:
    """Return the name of the patch of about 7 by 7 degrees that has a position (degrees)."""
    band = math.floor(dec / _SIDE)
    width = math.cos(math.radians((band + 0.5) * _SIDE))
    return f"{band}:{math.floor(ra * max(width, 0.0) / _SIDE)}"

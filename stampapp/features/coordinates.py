"""Convert equatorial to ecliptic and galactic coordinates."""

from __future__ import annotations

import erfa
import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.float64]
_J2000 = (2451545.0, 0.0)


def ecliptic(ra: Column, dec: Column) -> tuple[Column, Column]:
    """Return mean ecliptic J2000 longitude in [0, 360) and latitude, all in degrees."""
    longitude, latitude = erfa.eqec06(*_J2000, np.radians(ra), np.radians(dec))
    return np.degrees(longitude) % 360.0, np.degrees(latitude)


def galactic(ra: Column, dec: Column) -> tuple[Column, Column]:
    """Return galactic longitude in [0, 360) and latitude, all in degrees."""
    longitude, latitude = erfa.icrs2g(np.radians(ra), np.radians(dec))
    return np.degrees(longitude) % 360.0, np.degrees(latitude)

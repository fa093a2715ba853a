"""The cards of an ATLAS science header that a classifier reads."""

from __future__ import annotations

import math

from numpy.random import Generator

from stampapp.simulation.exposures import Exposure
from stampapp.simulation.sky_positions import Place


def atlas(rng: Generator, exposure: Exposure, place: Place) -> dict[str, str | int | float]:
    """Return FILTER, AIRMASS, SEEING (arcsec), SUNELONG, MANGLE (degrees) and the WCS (TPV)."""
    side, pixel = exposure.camera.side, exposure.camera.pixel / 3600.0
    middle = (side + 1) / 2
    return {
        "FILTER": exposure.band,
        "AIRMASS": 1.0 + min(rng.exponential(0.22), 1.2),
        "SUNELONG": place.elongation,
        "MANGLE": math.degrees(math.acos(rng.uniform(-0.98, 0.98))),
        "SEEING": exposure.fwhm * exposure.camera.pixel * (1 + rng.normal(0.0, 0.03)),
        "CTYPE1": "RA---TPV",
        "CTYPE2": "DEC--TPV",
        "CUNIT1": "deg",
        "CUNIT2": "deg",
        "CRVAL1": place.ra,
        "CRVAL2": place.dec,
        "CRPIX1": middle,
        "CRPIX2": middle,
        "CD1_1": -pixel,
        "CD1_2": 0.0,
        "CD2_1": 0.0,
        "CD2_2": pixel,
        "PV1_1": 1.0,
        "PV2_1": 1.0,
    }

"""Find from a FITS header the sky coordinates of its image's centre.

A header may describe its distortion twice, in PV and in SIP cards, and name the projection TPV, to
which the PV cards belong: they alone count. Wcslib gets these values one by one and never
the header, whose other cards it would complain of.
"""

from __future__ import annotations

import math
import sys

from astropy.wcs import WcsError, Wcsprm

from stampapp.errors import BadAlert
from stampapp.stamps.fits_header import Header

_KINDS = ["RA---TPV", "DEC--TPV"]
# TPV numbers the terms of each axis from 0 to 39.
_TERMS = [(axis, term, f"PV{axis}_{term}") for axis in (1, 2) for term in range(40)]


def image_centre(header: Header) -> tuple[float, float]:
    """Return right ascension in [0, 360) and declination of the image's centre, in degrees.

    Raises BadAlert where the header does not say where the image lies.
    """
    kinds, units = ([header.value(f"{key}{axis}") for axis in (1, 2)] for key in ("CTYPE", "CUNIT"))
    if kinds != _KINDS or not set(units) <= {"deg", None}:
        what = f"the axes are {kinds} in {units}, {_KINDS} in degrees are expected"
        raise BadAlert("stamp-wcs", what)
    middle = [(_number(header, f"NAXIS{axis}") + 1.0) / 2.0 for axis in (1, 2)]
    try:
        ra, dec = _projection(header).p2s([middle], 1)["world"][0].tolist()
    except (WcsError, ValueError) as error:
        # Wcslib begins with the places in its source.
        reason = str(error).strip().splitlines()[-1:]
        what = f"the header's projection cannot be used: {''.join(reason)}"
        raise BadAlert("stamp-wcs", what) from error
    if not (math.isfinite(ra) and math.isfinite(dec)):
        raise BadAlert("stamp-wcs", "the header's projection puts the image nowhere on the sky")
    return ra % 360.0, dec


def _projection(header: Header) -> Wcsprm:
    wcs = Wcsprm(naxis=2)
    wcs.ctype = _KINDS
    wcs.crval = [_number(header, "CRVAL1", 360.0), _number(header, "CRVAL2", 90.0)]
    wcs.crpix = [_number(header, "CRPIX1"), _number(header, "CRPIX2")]
    wcs.cd = [[_number(header, f"CD{row}_{column}") for column in (1, 2)] for row in (1, 2)]
    wcs.lonpole = _number(header, "LONPOLE", 360.0, absent=180.0)
    # Wcslib takes every term that is missing for 0; by the convention the linear ones are 1.
    given = {(axis, term): _number(header, key) for axis, term, key in _TERMS if key in header}
    terms = {(1, 1): 1.0, (2, 1): 1.0} | given
    wcs.set_pv([(*place, value) for place, value in terms.items()])
    return wcs


def _number(
    header: Header, keyword: str, most: float = sys.float_info.max, absent: float | None = None
) -> float:
    value = header.value(keyword) if keyword in header else absent
    if not isinstance(value, float) or abs(value) > most:
        raise BadAlert(
            "stamp-wcs", f"{keyword} of the header is {value!r:.80}, a number is expected"
        )
    return value

"""The stamps of LSST: FITS with three images each, of which the first has the pixels, in nJy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from stampapp.errors import BadAlert
from stampapp.stamps import fits_image
from stampapp.stamps.fits_extensions import read_extensions
from stampapp.stamps.fits_header import Header
from stampapp.stamps.fits_image import Pixels, Stamp
from stampapp.stamps.orientation import UNKNOWN, Orientation, Place, orient, sky_matrix
from stampapp.stamps.stamp_format import StampFormat

PIXEL_SCALE = 0.2
MIN_SIDE, MAX_SIDE = 11, 301
_DEGREES_PER_PIXEL = PIXEL_SCALE / 3600.0
# In degrees: a thousandth of a pixel and less.
_SAME_POSITION = 1e-8
_AXES = (1, 2)


def read_cutout(data: object, name: str) -> Stamp:
    """Return the image of a stamp and its header. Raises BadAlert, also for a side too long."""
    stamp = fits_image.read_stamp(data, None, name)
    rows, columns = stamp.pixels.shape
    if not MIN_SIDE <= min(rows, columns) <= max(rows, columns) <= MAX_SIDE:
        what = f"the {name} stamp is {rows} x {columns} pixels, {MIN_SIDE} to {MAX_SIDE} a side"
        raise BadAlert("stamp-shape", f"{what} are expected")
    return stamp


# The three stamps of an alert have the same header.
@lru_cache(maxsize=64)
def source_place(header: Header, ra: float, dec: float) -> Place:
    """Return where a position (degrees) lies in a stamp: (row, column), from 0.

    The header says it by the pixel (CRPIX) of a position (CRVAL), and by the matrix where that is
    another position. A stamp whose header has no CRPIX has the source in its middle. Raises
    BadAlert where the source lies outside the stamp.
    """
    sides = [_number(header, f"NAXIS{axis}") or 0.0 for axis in _AXES]
    found = [_number(header, f"CRPIX{axis}") for axis in _AXES]
    x, y = ((side + 1) / 2 if at is None else at for at, side in zip(found, sides, strict=True))
    if None not in found:
        right, up = _steps(header, ra, dec)
        x, y = x + right, y + up
    if not all(0.5 <= at <= side + 0.5 for at, side in zip((x, y), sides, strict=True)):
        what = f"the header of a stamp puts the source at the pixel {x:.1f}, {y:.1f}, outside of it"
        raise BadAlert("stamp-wcs", what)
    # FITS counts from 1, and x first.
    return y - 1.0, x - 1.0


def _steps(header: Header, ra: float, dec: float) -> Place:
    """Return by how many pixels (right, up) the position is away from the header's own."""
    right, up = (_number(header, f"CRVAL{axis}") for axis in _AXES)
    # As a rule the header's position is the source's, and its matrix need not be read.
    if right is None or up is None or max(abs(ra - right), abs(dec - up)) < _SAME_POSITION:
        return 0.0, 0.0
    matrix = sky_matrix(header)
    if matrix is None:
        return 0.0, 0.0
    east = ((ra - right + 180.0) % 360.0 - 180.0) * math.cos(math.radians(dec))
    (a, b), (c, d) = matrix.tolist()
    determinant, north = a * d - b * c, dec - up
    return (d * east - b * north) / determinant, (a * north - c * east) / determinant


def _number(header: Header, keyword: str) -> float | None:
    value = header.value(keyword)
    return value if isinstance(value, float) and math.isfinite(value) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class NoiseAndPsf:
    """The other images of a stamp: `variance` of each pixel in nJy^2, and `psf` of any size.

    None where the stamp has no such image, or a damaged one, or a variance of another size.
    """

    variance: Pixels | None
    psf: Pixels | None


def read_noise_and_psf(data: object, stamp: Stamp, name: str) -> NoiseAndPsf:
    """Return the second and third image of a stamp, of which `stamp` is the first."""
    found = read_extensions(data, name)
    error, psf = found.get("UNCERT"), found.get("PSFIMAGE")
    fits = error is not None and error.pixels.shape == stamp.pixels.shape
    return NoiseAndPsf(
        variance=_variance(error) if error and fits else None, psf=psf.pixels if psf else None
    )


def _variance(error: Stamp) -> Pixels:
    if error.header.value("UTYPE") != "StdDevUncertainty":
        return error.pixels
    with np.errstate(over="ignore", invalid="ignore"):
        return np.square(error.pixels)


def orientation(header: Header) -> Orientation:
    """Return the orientation by the matrix in a header, or by ROTPA, the angle from north to up."""
    matrix = sky_matrix(header)
    angle = _number(header, "ROTPA")
    if matrix is None and angle is not None:
        sine, cosine = math.sin(math.radians(angle)), math.cos(math.radians(angle))
        # The sky as it is seen from within: with an angle of 0, east is left.
        matrix = np.array([[-cosine, sine], [sine, cosine]]) * _DEGREES_PER_PIXEL
    return UNKNOWN if matrix is None else orient(matrix)


PLUGIN = StampFormat(
    names=("science", "template", "difference"),
    pixel_scale=PIXEL_SCALE,
    orientation=orientation,
    source_place=source_place,
)

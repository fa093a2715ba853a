"""Find how to turn an image so that north is up and east is left.

Images are only turned by right angles and mirrored: anything else would interpolate pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from stampapp.stamps.fits_header import Header

Matrix = npt.NDArray[np.float64]
_ARCSEC = 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Orientation:
    """How to turn an image: first mirrored left to right, then turned counter-clockwise.

    `turns` are quarter turns. `north` and `east` are their directions in the turned picture, as
    unit vectors (right, up), and `scale` is in arcsec per pixel; None where the header lacks them.
    """

    mirrored: bool = False
    turns: int = 0
    north: tuple[float, float] | None = None
    east: tuple[float, float] | None = None
    scale: float | None = None

    def apply(self, pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return a FITS image (its first row is the lowest) as a picture's rows from the top."""
        picture = pixels[::-1]
        return np.rot90(picture[:, ::-1] if self.mirrored else picture, self.turns)

    def __str__(self) -> str:
        """Return in words where north is in the turned picture; east is at a right angle to it."""
        if self.north is None:
            return "north unknown"
        angle = round(math.degrees(math.atan2(self.north[0], self.north[1])))
        if not angle:
            return "north up, east left"
        return f"north {abs(angle)}° {'right' if angle > 0 else 'left'} of up"


UNKNOWN = Orientation()


def north_up(header: Header) -> Orientation:
    """Return the orientation by the matrix in a header; UNKNOWN where it has none."""
    matrix = sky_matrix(header)
    return UNKNOWN if matrix is None else orient(matrix)


def orient(matrix: Matrix) -> Orientation:
    """Return the orientation that brings north closest to up and east closest to left.

    `matrix` is in degrees on the sky (east, north) per pixel (right, up), row 0 the lowest.
    """
    # Columns: what a step to the east, and one to the north, is in pixels (right, up).
    steps = np.linalg.inv(matrix)
    units = steps / np.hypot(*steps)
    ways = [(_turned(units, *way), *way) for way in product((False, True), range(4))]
    best, mirrored, turns = max(ways, key=lambda way: float(way[0][1, 1] - way[0][0, 0]))
    return Orientation(
        mirrored=mirrored,
        turns=turns,
        north=(float(best[0, 1]), float(best[1, 1])),
        east=(float(best[0, 0]), float(best[1, 0])),
        scale=math.sqrt(abs(float(np.linalg.det(matrix)))) * _ARCSEC,
    )


def sky_matrix(header: Header) -> Matrix | None:
    """Return the matrix in a header as `orient` wants it: CD, or PC with CDELT; None without."""
    matrix = _square(header, "CD")
    if matrix is None:
        steps = [header.value(f"CDELT{row}") for row in (1, 2)]
        matrix = _square(header, "PC")
        if matrix is not None and all(isinstance(step, float) for step in steps):
            matrix = matrix * np.array(steps, np.float64)[:, None]
    if matrix is None:
        return None
    with np.errstate(all="ignore"):
        # Numbers near the smallest float have no finite inverse.
        sound = 0.0 < abs(np.linalg.det(matrix)) < math.inf and np.linalg.cond(matrix) < 1e3
    return matrix if sound else None


def _square(header: Header, name: str) -> Matrix | None:
    values = [header.value(f"{name}{row}_{column}") for row in (1, 2) for column in (1, 2)]
    numbers = [value for value in values if isinstance(value, float) and math.isfinite(value)]
    return np.array(numbers).reshape(2, 2) if len(numbers) == 4 else None


def _turned(units: Matrix, mirrored: bool, turns: int) -> Matrix:
    found = units * [[-1.0], [1.0]] if mirrored else units
    for _ in range(turns):
        found = np.array([-found[1], found[0]])
    return found

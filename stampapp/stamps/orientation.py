"""Find how to turn an image so that north is up and east is left.

Images are only turned by right angles and mirrored: anything else would interpolate pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from stampapp.stamps.fits_header import Header

Place = tuple[float, float]
Matrix = npt.NDArray[np.float64]
_ARCSEC = 3600.0
_PLACES = ("1_1", "1_2", "2_1", "2_2")


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

    def apply_to_place(self, place: Place, shape: tuple[int, ...]) -> Place:
        """Return where `apply` puts a (row, column) of an image of this shape."""
        (row, column), (rows, columns) = place, shape
        row = rows - 1 - row
        if self.mirrored:
            column = columns - 1 - column
        for _ in range(self.turns):
            row, column = columns - 1 - column, row
            rows, columns = columns, rows
        return row, column

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
    numbers = _numbers(header, "CD", _PLACES)
    if numbers is None:
        numbers, steps = _numbers(header, "PC", _PLACES), _numbers(header, "CDELT", ("1", "2"))
        if numbers is None or steps is None:
            return None
        numbers = [number * steps[place // 2] for place, number in enumerate(numbers)]
    a, b, c, d = numbers
    determinant = abs(a * d - b * c)
    # The sum of squares over the determinant is the ratio of the axes plus its inverse. Numbers
    # near the smallest and the largest float have no finite inverse.
    sound = 0.0 < determinant < math.inf and a * a + b * b + c * c + d * d < 1e3 * determinant
    return np.array(numbers).reshape(2, 2) if sound else None


def _numbers(header: Header, name: str, places: Sequence[str]) -> list[float] | None:
    values = [header.value(name + place) for place in places]
    numbers = [value for value in values if isinstance(value, float) and math.isfinite(value)]
    return numbers if len(numbers) == len(places) else None


def _turned(units: Matrix, mirrored: bool, turns: int) -> Matrix:
    found = units * [[-1.0], [1.0]] if mirrored else units
    for _ in range(turns):
        found = np.array([-found[1], found[0]])
    return found

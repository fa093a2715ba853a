"""The stamps of ZTF: 63 by 63 pixels; their headers say neither scale nor orientation."""

from __future__ import annotations

import numpy as np

from stampapp.stamps.fits_header import Header
from stampapp.stamps.orientation import Orientation, orient
from stampapp.stamps.stamp_format import StampFormat

_DEGREES_PER_PIXEL = 1.01 / 3600.0
# Stamps are cut from images that mirror the sky: row 0 is north, column 0 east. Positions of
# alerts in their images (xpos, ypos) and of reference sources (ranr, decnr) agree with this.
_NORTH_UP = orient(np.diag([-_DEGREES_PER_PIXEL, -_DEGREES_PER_PIXEL]))


def orientation(_: Header) -> Orientation:
    """Return the orientation of all stamps."""
    return _NORTH_UP


PLUGIN = StampFormat(
    names=("science", "template", "difference"),
    difference_is_turned=True,
    orientation=orientation,
)

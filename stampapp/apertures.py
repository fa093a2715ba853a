"""How much of the light at the middle of a stamp is new. Pure."""

from __future__ import annotations

import math

import numpy as np

from stampapp.stamps import Pixels

_HALF = 2
_MOST = 3.0


def novelty(science: Pixels, difference: Pixels) -> float:
    """Return the share of the light in the central 5 by 5 pixels that was not there before.

    Both stamps are (rows, columns) in the same unit; the sky is the median of the science stamp.
    An asteroid has 1, a star that has brightened by a tenth 0.1. The value lies in [-3, 3]; it is
    0 where pixels are missing or there is no light.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        new = float(np.sum(_middle(difference), dtype=np.float64))
        sky = float(np.nanmedian(science)) if not np.all(np.isnan(science)) else math.nan
        light = float(np.sum(_middle(science) - sky, dtype=np.float64))
    if not (math.isfinite(new) and math.isfinite(light)) or light <= 0:
        return 0.0
    return min(max(new / light, -_MOST), _MOST)


def _middle(pixels: Pixels) -> Pixels:
    row, column = (side // 2 for side in pixels.shape)
    return pixels[row - _HALF : row + _HALF + 1, column - _HALF : column + _HALF + 1]

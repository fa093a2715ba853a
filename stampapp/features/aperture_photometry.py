"""Flux ratios in the middle of science and difference, which normalising each stamp would hide."""

from __future__ import annotations

import math

import numpy as np

from stampapp.features.images import Patch, central_patch, median
from stampapp.stamps.fits_image import Pixels

# Half the side of the measured patch, and the radii of apertures in it, in pixels.
_HALF = 6
_CORE, _AROUND, _NEAR = 1.5, 4.0, 5.0
_MOST = 3.0
_ROWS, _COLUMNS = np.mgrid[-_HALF : _HALF + 1, -_HALF : _HALF + 1]
_DISTANCE = np.hypot(_ROWS, _COLUMNS)


def measure_apertures(science: Pixels, difference: Pixels) -> dict[str, float]:
    """Return features of the detection in the middle of two stamps (rows, columns) of one unit.

    With S the science stamp minus its median (the sky) and D the difference, missing pixels 0:

    novelty = sum(D) / sum(S) over the central 5 by 5 pixels: the share of the light that is new;
    1 for an asteroid, 0.1 for a star that is a tenth brighter.
    offset = distance in pixels from the middle to the brightest 3 by 3 pixels of S within 5.
    concentration = sum(S, r <= 1.5) / sum(S, r <= 4), r in pixels from the middle.
    sharpness = sum(D, r <= 1.5) / sum(D, r <= 4).
    peak = max(D, r < 1.5) / sum(D, r <= 2.3).

    Ratios are limited to [-3, 3], and 0 if the divisor is not above 0.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        sky = median(science) if np.isfinite(science).any() else 0.0
        seen, new = central_patch(science - sky, _HALF), central_patch(difference, _HALF)
    box = slice(_HALF - 2, _HALF + 3), slice(_HALF - 2, _HALF + 3)
    return {
        "novelty": _share(float(new[box].sum()), float(seen[box].sum())),
        "offset": _offset(seen),
        "concentration": _share(_within(seen, _CORE), _within(seen, _AROUND)),
        "sharpness": _share(_within(new, _CORE), _within(new, _AROUND)),
        "peak": _share(float(new[_DISTANCE < _CORE].max()), _within(new, 2.3)),
    }


def _within(patch: Patch, radius: float) -> float:
    return float(patch[radius >= _DISTANCE].sum())


def _share(part: float, whole: float) -> float:
    if whole <= 0 or not math.isfinite(part / whole):
        return 0.0
    return min(max(part / whole, -_MOST), _MOST)


def _offset(patch: Patch) -> float:
    sides = range(3)
    last = 2 * _HALF - 1
    smooth = sum(patch[dy : dy + last, dx : dx + last] for dy in sides for dx in sides)
    near = np.where(_DISTANCE[1:-1, 1:-1] <= _NEAR, smooth, -np.inf)
    return float(_DISTANCE[1:-1, 1:-1].ravel()[int(np.argmax(near))])

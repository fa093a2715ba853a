"""What was there before: the template, told from what its subtraction has left. Pure."""

from __future__ import annotations

import math

import numpy as np

from stampapp.features.images import Patch, central_patch
from stampapp.stamps.fits_image import Pixels

Spot = tuple[int, int]

# Half the side of the patch that is looked at, and the radii of apertures in it, in pixels.
_HALF = 11
_CORE, _NEAR, _WIDE = 1.5, 4.0, 5.0
_REACH = 6.0
_MOST = 3.0
_ROWS, _COLUMNS = np.mgrid[-_HALF : _HALF + 1, -_HALF : _HALF + 1]
_DISTANCE = np.hypot(_ROWS, _COLUMNS)
_IN_CORE, _IN_NEAR = _DISTANCE <= _CORE, _DISTANCE <= _NEAR
# The scatter of Gaussian noise over the median of the distances between two of its values.
_SIGMA = 1.4826 / math.sqrt(2)


def derive_template(science: Pixels, difference: Pixels, no_data_below: float) -> Pixels:
    """Return what was subtracted of a science stamp: the template, blurred and scaled to it.

    It has the sky of the science stamp, and NaN where the difference is below `no_data_below`,
    which marks pixels that are worth nothing.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(difference < no_data_below, np.nan, science - difference)


def measure_template(template: Pixels, science: Pixels, difference: Pixels) -> dict[str, float]:
    """Return features of what was there before, in stamps (rows, columns) of one unit.

    before, before_near: the light within 1.5 and 4 pixels of the middle, as arcsinh of its ratio
    to the noise of the science stamp there; before_concentration: the share of the one in the
    other. nucleus, nucleus_concentration: the same of the brightest spot within 6 pixels;
    nucleus_distance: pixels from the middle to it; nucleus_width: the distance (pixels, root mean
    square) of the light within 5 pixels from it. separation: pixels between the centroids of that
    spot and of the new light. elongation: of the new light, 0 round, 1 a line. hollow: the darkest
    pixel of the difference within 4 pixels, as a share of the brightest. All are finite; missing
    pixels are dark.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        sky, noise = _sky_and_noise(science)
        old, new = central_patch(template - sky, _HALF), central_patch(difference, _HALF)
        spot = _brightest(old)
        away = np.hypot(_ROWS - spot[0], _COLUMNS - spot[1])
        core, near = float(old[_IN_CORE].sum()), float(old[_IN_NEAR].sum())
        own, around = float(old[away <= _CORE].sum()), float(old[away <= _NEAR].sum())
        found = {
            "before": _significance(core, noise, _CORE),
            "before_near": _significance(near, noise, _NEAR),
            "before_concentration": _share(core, near),
            "nucleus": _significance(own, noise, _CORE),
            "nucleus_distance": math.hypot(*spot),
            "nucleus_concentration": _share(own, around),
            "nucleus_width": _width(old, away),
            "separation": math.dist(_centroid(old, spot), _centroid(new, (0, 0))),
            "elongation": _elongation(new),
            "hollow": _share(float(new[_IN_NEAR].min()), float(new[_IN_CORE].max())),
        }
    return {name: value if math.isfinite(value) else 0.0 for name, value in found.items()}


def _sky_and_noise(pixels: Pixels) -> tuple[float, float]:
    """Return the median, and the scatter from pixel to pixel, which galaxies do not raise."""
    if not np.isfinite(pixels).any():
        return 0.0, 1.0
    # Every third row is enough, and a third of the time.
    steps = np.abs(np.diff(pixels[::3].astype(np.float64), axis=1))
    known = steps[np.isfinite(steps)]
    noise = _SIGMA * float(np.median(known)) if known.size else 0.0
    return float(np.nanmedian(pixels)), noise or 1.0


def _significance(light: float, noise: float, radius: float) -> float:
    return math.asinh(light / (noise * math.sqrt(math.pi) * radius))


def _share(part: float, whole: float) -> float:
    return min(max(part / whole, -_MOST), _MOST) if whole > 0 else 0.0


def _brightest(patch: Patch) -> Spot:
    """Return where the 3 by 3 pixels around are brightest."""
    rows = patch[:-2] + patch[1:-1] + patch[2:]
    smooth = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    place = int(np.argmax(np.where(_DISTANCE[1:-1, 1:-1] <= _REACH, smooth, -np.inf)))
    row, column = divmod(place, smooth.shape[1])
    return row + 1 - _HALF, column + 1 - _HALF


def _centroid(patch: Patch, spot: Spot) -> tuple[float, float]:
    """Return the centre of what is bright in the 3 by 3 pixels around a spot."""
    row, column = spot[0] + _HALF, spot[1] + _HALF
    light = np.maximum(patch[row - 1 : row + 2, column - 1 : column + 2], 0.0)
    total = float(light.sum())
    if total <= 0:
        return float(spot[0]), float(spot[1])
    rows, columns = light.sum(axis=1), light.sum(axis=0)
    y, x = float(rows[2] - rows[0]) / total, float(columns[2] - columns[0]) / total
    return spot[0] + y, spot[1] + x


def _width(patch: Patch, away: Patch) -> float:
    light = np.maximum(patch, 0.0) * (away <= _WIDE)
    total = float(light.sum())
    return math.sqrt(float((light * away**2).sum()) / total) if total > 0 else 0.0


def _elongation(patch: Patch) -> float:
    light = np.maximum(patch, 0.0) * _IN_NEAR
    total = float(light.sum())
    if total <= 0:
        return 0.0
    y, x = (float((light * axis).sum()) / total for axis in (_ROWS, _COLUMNS))
    rows, columns = _ROWS - y, _COLUMNS - x
    yy, xx, xy = (
        float((light * product).sum()) / total
        for product in (rows * rows, columns * columns, rows * columns)
    )
    return math.hypot(yy - xx, 2 * xy) / (yy + xx) if yy + xx > 0 else 0.0

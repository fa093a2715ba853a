"""What science, template and difference show of a detection, in units of their noise and PSF."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt

from stampapp.features.images import Patch, median
from stampapp.features.noisy_image import HALF, NoisyImage, PointSource, fit_point_source

Mask = npt.NDArray[np.bool_]

# Radii in pixels: of the core and of its surroundings; how far from the middle a nucleus may be.
_CORE, _AROUND, _REACH = 2.0, 5.0, 7.0
_MOST = 3.0
_ROWS, _COLUMNS = np.mgrid[-HALF : HALF + 1, -HALF : HALF + 1]
_DISTANCE = np.hypot(_ROWS, _COLUMNS)
_INNER = _DISTANCE[1:-1, 1:-1]
_OUTSKIRTS = _DISTANCE > 8.0
_PSF_ROWS, _PSF_COLUMNS = np.mgrid[-7:8, -7:8]
_PSF_DISTANCE = np.hypot(_PSF_ROWS, _PSF_COLUMNS)
_PSF_CORE, _PSF_AROUND = _PSF_DISTANCE <= _CORE, _PSF_DISTANCE <= _AROUND
_WINDOW = slice(HALF - 7, HALF + 8)
_MAD = 1.4826
_TINY = 1e-30
_RIDGE = 1e-6 * np.eye(4)
NAMES = (
    *("sign", "signal", "lopsided", "residual", "sharpness", "crest", "trough"),
    *("width", "elongation", "roughness", "contrast", "now", "before", "now_compact"),
    *("nucleus", "nucleus_distance", "nucleus_compact", "nucleus_width"),
    *("nucleus_elongation", "separation", "brightest", "misaligned"),
)


def measure_detection(
    science: NoisyImage, template: NoisyImage, difference: NoisyImage
) -> dict[str, float]:
    """Return features of the detection in the middle of three images of one unit.

    Of the difference, turned so that the fitted flux is above 0; sigma is its pixel noise:
    sign = +1 or -1, as the fitted flux. signal = ln(1 + significance).
    lopsided, residual = lopsidedness, ln of the residual of the fit (see `PointSource`).
    sharpness = ln of the brightest pixel within 2 pixels over that of the fitted PSF.
    crest, trough = arcsinh of the brightest and darkest 3 by 3 pixels within 7, over 3 sigma.
    width, elongation = of the second moments under the PSF: over those of the PSF; 0 is round.
    roughness = ln of the scatter farther than 8 pixels out, over sigma.

    Of the science image and the template:
    contrast = ln of the fitted flux of the difference over that of the template or its noise.
    now, before = arcsinh of the fitted flux of science and template over its noise.
    now_compact = light within 2 pixels over that within 5, over the same of the PSF.
    nucleus = arcsinh of the brightest 3 by 3 pixels of the template within 7, over 3 sigma of it.
    nucleus_distance = how far these are from the middle. nucleus_compact = as now_compact, there.
    nucleus_width = as width, there. nucleus_elongation = as elongation, there.
    separation = distance of the fitted positions of the difference and of the nucleus.
    brightest = arcsinh of the brightest 3 by 3 pixels of the template over 3 sigma of science.
    misaligned = arcsinh of by how much chi square is lower, over 10, if the difference is fitted by
    the template, its slopes and its curvature instead of by the PSF: what a subtraction leaves
    where position, width or flux of a source are wrong.

    All values are finite.
    """
    new, old, seen = (fit_point_source(one) for one in (difference, template, science))
    sign = 1.0 if new.flux >= 0 else -1.0
    found = {
        "sign": sign,
        **_difference(difference, new, sign),
        "contrast": _contrast(new, old),
        "now": math.asinh(seen.significance),
        "before": math.asinh(old.significance),
        "now_compact": _compactness(science.patch, science.psf, (0, 0)),
        **_nucleus(template, new),
        "brightest": math.asinh(float(_smooth(template.patch).max()) / (3 * science.noise)),
        "misaligned": _misalignment(template.patch, difference),
    }
    return {name: value if math.isfinite(value) else 0.0 for name, value in found.items()}


def _difference(image: NoisyImage, fit: PointSource, sign: float) -> dict[str, float]:
    turned = sign * image.patch
    near = _smooth(turned)[_INNER <= _REACH] / (3 * image.noise)
    width, elongation = _moments(turned[_WINDOW, _WINDOW], image.psf)
    peak = float(turned[_DISTANCE <= _CORE].max())
    scatter = _MAD * median(np.abs(turned[_OUTSKIRTS]))
    return {
        "signal": math.log1p(abs(fit.significance)),
        "lopsided": fit.lopsidedness,
        "residual": _logarithm(fit.residual),
        "sharpness": _logarithm(peak / max(abs(fit.flux) * float(image.psf.max()), 1e-30)),
        "crest": math.asinh(float(near.max())),
        "trough": math.asinh(float(near.min())),
        "width": width,
        "elongation": elongation,
        "roughness": _logarithm(scatter / image.noise),
    }


def _contrast(new: PointSource, old: PointSource) -> float:
    noise = abs(old.flux / old.significance) if old.significance else 0.0
    return _logarithm(abs(new.flux) / max(old.flux, noise, 1e-30))


def _nucleus(template: NoisyImage, new: PointSource) -> dict[str, float]:
    smooth = np.where(_INNER <= _REACH, _smooth(template.patch), -np.inf)
    row, column = divmod(int(np.argmax(smooth)), smooth.shape[1])
    spot = row + 1 - HALF, column + 1 - HALF
    there = _window(template.patch, spot)
    width, elongation = _moments(there, template.psf)
    y, x = _centroid(there)
    return {
        "nucleus": math.asinh(float(smooth.max()) / (3 * template.noise)),
        "nucleus_distance": math.hypot(*spot),
        "nucleus_compact": _compactness(template.patch, template.psf, spot),
        "nucleus_width": width,
        "nucleus_elongation": elongation,
        "separation": min(math.hypot(spot[0] + y - new.y, spot[1] + x - new.x), 2 * _REACH),
    }


def _misalignment(template: Patch, difference: NoisyImage) -> float:
    middle, up, down, left, right = (
        template[HALF - 7 + dy : HALF + 8 + dy, HALF - 7 + dx : HALF + 8 + dx]
        for dy, dx in ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))
    )
    curved = up + down + left + right - 4 * middle
    shape = np.stack([middle, down - up, right - left, curved]).reshape(4, -1)
    shape /= np.sqrt(np.maximum((shape**2).sum(axis=1, keepdims=True), _TINY))
    seen = difference.patch[_WINDOW, _WINDOW].ravel() / difference.noise
    psf = difference.psf.ravel()
    new = float(psf @ seen) ** 2 / max(float(psf @ psf), _TINY)
    # The small weight keeps the fit stable where the four look alike.
    amounts = shape @ seen
    old = float(amounts @ np.linalg.solve(shape @ shape.T + _RIDGE, amounts))
    return math.asinh((old - new) / 10)


def _smooth(patch: Patch) -> Patch:
    """Return the sums of 3 by 3 pixels, without the edge."""
    rows = patch[:-2] + patch[1:-1] + patch[2:]
    return np.asarray(rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:])


def _window(patch: Patch, spot: tuple[int, int]) -> Patch:
    """Return the 15 by 15 pixels around a spot; beyond the patch they are 0."""
    wide = np.zeros((2 * HALF + 15, 2 * HALF + 15))
    wide[7 : 8 + 2 * HALF, 7 : 8 + 2 * HALF] = patch
    top, left = spot[0] + HALF, spot[1] + HALF
    return wide[top : top + 15, left : left + 15]


def _centroid(window: Patch) -> tuple[float, float]:
    """Return the centre of the light in the 5 by 5 pixels in the middle."""
    light = np.maximum(window[5:10, 5:10], 0.0)
    total = float(light.sum())
    if total <= 0:
        return 0.0, 0.0
    steps = np.arange(-2.0, 3.0)
    return float(light.sum(axis=1) @ steps) / total, float(light.sum(axis=0) @ steps) / total


def _compactness(patch: Patch, psf: Patch, spot: tuple[int, int]) -> float:
    core, around = _apertures(spot)
    share = _share(float(patch[core].sum()), float(patch[around].sum()))
    psf_share = _share(float(psf[_PSF_CORE].sum()), float(psf[_PSF_AROUND].sum()))
    return _share(share, psf_share)


# A nucleus is at most _REACH away, so there are few spots.
@cache
def _apertures(spot: tuple[int, int]) -> tuple[Mask, Mask]:
    """Return which pixels lie in the core and in the surroundings of a spot."""
    away = np.hypot(_ROWS - spot[0], _COLUMNS - spot[1])
    return away <= _CORE, away <= _AROUND


def _moments(window: Patch, psf: Patch) -> tuple[float, float]:
    """Return the mean of the second moments over that of the PSF, and the elongation."""
    light, star = window * psf, psf * psf
    total = float(light.sum())
    if total <= 0:
        return 0.0, 0.0
    across = float((light * _PSF_COLUMNS**2).sum()) / total
    along = float((light * _PSF_ROWS**2).sum()) / total
    mixed = float((light * _PSF_ROWS * _PSF_COLUMNS).sum()) / total
    own = float((star * _PSF_DISTANCE**2).sum()) / max(float(star.sum()), 1e-30)
    size = along + across
    return _share(size, own), _share(math.hypot(along - across, 2 * mixed), abs(size))


def _share(part: float, whole: float) -> float:
    if whole <= 0 or not math.isfinite(part / whole):
        return 0.0
    return min(max(part / whole, -_MOST), _MOST)


def _logarithm(value: float) -> float:
    return math.log(min(max(value, 1e-6), 1e6))

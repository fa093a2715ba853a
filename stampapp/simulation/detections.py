"""Find and measure a detection in a difference image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from stampapp.simulation import image_model
from stampapp.simulation.image_model import GRID, Image
from stampapp.simulation.subtraction import Difference

_MIDDLE = GRID // 2
_REACH = 4.0
_ROWS, _COLUMNS = np.mgrid[-_MIDDLE:_MIDDLE, -_MIDDLE:_MIDDLE]
_NEAR = np.hypot(_ROWS, _COLUMNS) <= _REACH


@dataclass(frozen=True, kw_only=True, slots=True)
class Detection:
    """The best match of the PSF near the middle of a difference image.

    `x`, `y` in pixels from the middle; `sign` +1 or -1; `flux` in DN, above 0; `snr` is the flux
    over its noise on an empty sky, below 0 if nothing was found; `sharpness` is the peak relative
    to that of the PSF.
    """

    x: float
    y: float
    sign: int
    flux: float
    snr: float
    sharpness: float


def find_detection(difference: Difference, *, sends_fading: bool) -> Detection:
    """Return the most significant detection within four pixels of the middle.

    With `sends_fading`, negative detections count as much as positive ones.
    """
    matched = image_model.to_image(
        image_model.to_spectrum(difference.pixels)
        * np.conj(image_model.to_spectrum(difference.psf))
    )
    power = float((difference.psf**2).sum())
    near = np.where(_NEAR, np.abs(matched) if sends_fading else matched, -np.inf)
    row, column = np.unravel_index(int(np.argmax(near)), near.shape)
    sign = -1 if sends_fading and matched[row, column] < 0 else 1
    y = row - _MIDDLE + parabola_peak(sign * matched[row - 1 : row + 2, column])
    x = column - _MIDDLE + parabola_peak(sign * matched[row, column - 1 : column + 2])
    top = float((sign * difference.pixels[row - 1 : row + 2, column - 1 : column + 2]).max())
    flux = sign * float(matched[row, column]) / power
    return Detection(
        x=float(x),
        y=float(y),
        sign=sign,
        flux=max(flux, 1e-3),
        snr=flux * math.sqrt(power) / difference.noise,
        sharpness=top / max(flux * float(difference.psf.max()), 1e-6),
    )


def cut_out(image: Image, detection: Detection, side: int) -> Image:
    """Return the `side` by `side` pixels around the pixel of a detection."""
    row, column = _MIDDLE + round(detection.y), _MIDDLE + round(detection.x)
    half = side // 2
    return image[row - half : row + half + 1, column - half : column + half + 1]


def parabola_peak(values: Image) -> float:
    """Return the position of the maximum of a parabola through three values, in pixels."""
    left, middle, right = (float(value) for value in values)
    curvature = left - 2 * middle + right
    return 0.0 if curvature >= 0 else max(-0.5, min(0.5, 0.5 * (left - right) / curvature))

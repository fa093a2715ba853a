"""Turn pixels into colours by an arcsinh stretch; images are (rows, columns), in any unit.

The arcsinh keeps the noise of the sky visible next to a star that is thousands of times brighter.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[Any]
Colours = npt.NDArray[np.uint8]

# The colour of pixels without a value: neither bright nor dark.
NO_DATA = (92, 107, 135)
# Negative, zero, positive: blue and red can be distinguished by colour-blind people, too.
_DIVERGING = np.array(
    [(18, 56, 130), (103, 156, 208), (246, 246, 246), (225, 130, 100), (146, 14, 30)], np.float64
)
# In units of the noise: how far below the sky black is, and where the arcsinh bends.
_BELOW, _BEND, _LEAST_ABOVE = 2.0, 3.0, 8.0
_BRIGHTEST = 99.8


def colour_brightness(pixels: Pixels) -> Colours:
    """Draw light on the sky, (rows, columns, 3): from just below the sky to the brightest pixel."""
    values, known = _finite(pixels)
    if not known.any():
        return _coloured(np.zeros((*pixels.shape, 3)), known)
    sky, noise = _sky_below_light(values, known)
    low = sky - _BELOW * noise
    high = max(float(np.percentile(values[known], _BRIGHTEST)), sky + _LEAST_ABOVE * noise)
    bend = _BEND * noise
    share = np.arcsinh((np.clip(values, low, high) - low) / bend)
    share /= np.arcsinh((high - low) / bend)
    return _coloured(np.repeat(255.0 * share[..., None], 3, axis=2), known)


def colour_difference(pixels: Pixels) -> Colours:
    """Draw a difference, (rows, columns, 3): red is brighter, blue fainter, white neither."""
    values, known = _finite(pixels)
    if not known.any():
        return _coloured(np.zeros((*pixels.shape, 3)), known)
    _, noise = _sky(values[known])
    most = max(float(np.percentile(np.abs(values[known]), _BRIGHTEST)), _LEAST_ABOVE * noise)
    bend = _BEND * noise
    share = np.arcsinh(np.clip(values, -most, most) / bend) / np.arcsinh(most / bend)
    places = np.linspace(-1.0, 1.0, len(_DIVERGING))
    channels = [np.interp(share, places, _DIVERGING[:, channel]) for channel in range(3)]
    return _coloured(np.stack(channels, axis=2), known)


def _finite(pixels: Pixels) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    values = np.asarray(pixels, np.float64)
    known = np.isfinite(values)
    return np.where(known, values, 0.0), known


def _sky(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the sky's level and noise; sources take up less than half of a stamp."""
    level = float(np.median(values))
    noise = 1.4826 * float(np.median(np.abs(values - level)))
    # Where most pixels are equal it is 0: any positive number will do instead.
    least = 1e-6 * max(float(np.ptp(values)), abs(level), float(np.finfo(np.float32).tiny))
    return level, max(noise, least)


def _sky_below_light(values: Pixels, known: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the sky's level and noise where a galaxy may take up most of the stamp.

    From pixel to pixel the light of a galaxy changes less than the noise does. The darkest quarter
    is sky; in a stamp of sky alone its brightest pixel is 0.67 times the noise below the level.
    """
    level, noise = _sky(values[known])
    steps = np.abs(np.diff(values, axis=1))[known[:, 1:] & known[:, :-1]]
    if steps.size:
        noise = min(noise, 1.4826 / math.sqrt(2) * float(np.median(steps)) or noise)
    return min(level, float(np.percentile(values[known], 25)) + 0.67 * noise), noise


def _coloured(colours: npt.NDArray[np.float64], known: npt.NDArray[np.bool_]) -> Colours:
    found = np.rint(np.clip(colours, 0.0, 255.0)).astype(np.uint8)
    found[~known] = NO_DATA
    return found

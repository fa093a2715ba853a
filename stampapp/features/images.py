"""Crop stamps and normalise them for the network."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stampapp.errors import BadAlert
from stampapp.stamps.fits_image import Image, Pixels

Patch = npt.NDArray[np.float64]


def crop_centre(pixels: Pixels, side: int) -> Image:
    """Return the central `side` by `side` pixels as native float32."""
    rows, columns = pixels.shape
    top, left = (rows - side) // 2, (columns - side) // 2
    return _as_float32(pixels[top : top + side, left : left + side])


def crop_around(pixels: Pixels, place: tuple[float, float], side: int) -> Image:
    """Return the `side` by `side` pixels around a place as native float32, NaN beyond the image.

    `place` is (row, column), from 0, and comes to lie within half a pixel of the crop's centre.
    """
    # A place that is given to 12 digits may miss a whole number by its last digit.
    rows, columns = (math.floor(at - side / 2 + 1 + 1e-6) for at in place)
    top, left = max(rows, 0), max(columns, 0)
    inside = _as_float32(pixels[top : max(rows + side, 0), left : max(columns + side, 0)])
    if inside.shape == (side, side):
        return inside
    crop = np.full((side, side), np.nan, np.float32)
    top, left = top - rows, left - columns
    crop[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    return crop


def require_data(crop: Image, name: str) -> None:
    """Raise BadAlert where no pixel has a value: the network would see an image of zeros."""
    if not np.isfinite(crop).any():
        raise BadAlert("stamp-empty", f"no pixel around the source in the {name} stamp has a value")


def _as_float32(pixels: Pixels) -> Image:
    # To silence warnings takes longer than the copy, and only larger numbers can overflow.
    if pixels.itemsize <= 4:
        return pixels.astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        return pixels.astype(np.float32)


def central_patch(pixels: Pixels, half: int) -> Patch:
    """Return the pixels up to `half` from the middle as float64; missing ones are 0."""
    row, column = (side // 2 for side in pixels.shape)
    patch = pixels[row - half : row + half + 1, column - half : column + half + 1]
    return np.nan_to_num(patch.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def median(values: Pixels) -> float:
    """Return the median of the values that are not NaN; 0 where there are none.

    It is that of np.nanmedian in a third of the time, as it makes fewer checks.
    """
    known = values[values == values]  # noqa: PLR0124  # NaN is not equal to itself
    if not known.size:
        return 0.0
    middle = known.size // 2
    if known.size % 2:
        return float(np.partition(known, middle)[middle])
    below, above = np.partition(known, (middle - 1, middle))[middle - 1 : middle + 1]
    return float((below + above) / 2)


def normalise_stamps(images: Sequence[Sequence[Image]]) -> Image:
    """Stack the channels of each alert and scale each channel to [0, 1].

    From (alerts, channels, side, side) to (alerts, side, side, channels), float32. Each channel
    loses its minimum over non-NaN pixels and is divided by its maximum after that; a constant or
    all-NaN channel becomes zeros, and so does every NaN.
    """
    stack = np.array(images, dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        stack -= np.fmin.reduce(stack, axis=(2, 3), keepdims=True)
        stack /= np.fmax.reduce(stack, axis=(2, 3), keepdims=True)
    np.nan_to_num(stack, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    return np.ascontiguousarray(stack.transpose(0, 2, 3, 1))

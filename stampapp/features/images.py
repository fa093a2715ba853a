"""Crop stamps and normalise them for the network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stampapp.stamps.fits_image import Image, Pixels


def crop_centre(pixels: Pixels, side: int) -> Image:
    """Return the central `side` by `side` pixels as native float32."""
    top, left = ((length - side) // 2 for length in pixels.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        return pixels[top : top + side, left : left + side].astype(np.float32)


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

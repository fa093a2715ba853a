"""Adaptive moments of a detection of LSSTCam, and what the pipeline derives from them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import galsim
import numpy as np

from stampapp.simulation.image_model import Image

# How far the size of a detection may be from that of the PSF; fitted to real alerts.
_SCATTER = 0.236
# In square pixels; moments larger than this are those of the noise.
_WIDEST = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Moments:
    """Second moments in square pixels."""

    xx: float
    yy: float
    xy: float

    @property
    def trace(self) -> float:
        """The sum of both axes."""
        return self.xx + self.yy

    @property
    def axes(self) -> tuple[float, float]:
        """The moments along the major and the minor axis."""
        middle, half = self.trace / 2, math.hypot((self.xx - self.yy) / 2, self.xy)
        return middle + half, max(middle - half, 1e-6)

    @property
    def direction(self) -> tuple[float, float]:
        """The unit vector (x, y) of the major axis."""
        angle = 0.5 * math.atan2(2 * self.xy, self.xx - self.yy)
        return math.cos(angle), math.sin(angle)


def measure(image: Image, x: float, y: float, width: float) -> Moments | None:
    """Return the adaptive moments around (x, y), in pixels from the middle; None if they fail.

    `width` is the sigma of the PSF in pixels. What has no adaptive moments, such as a dipole, gets
    those of its positive pixels under the PSF.
    """
    half = image.shape[0] // 2
    found = galsim.hsm.FindAdaptiveMom(
        galsim.Image(np.ascontiguousarray(image), xmin=-half, ymin=-half),
        guess_sig=width,
        guess_centroid=galsim.PositionD(x, y),
        strict=False,
    )
    e1, e2, sigma = found.observed_e1, found.observed_e2, found.moments_sigma
    round_share = 1.0 - e1**2 - e2**2
    if found.error_message or sigma <= 0 or round_share <= 0:
        return _moments_under(image, x, y, width)
    trace = 2 * sigma**2 / math.sqrt(round_share)
    return Moments(xx=trace * (1 + e1) / 2, yy=trace * (1 - e1) / 2, xy=trace * e2 / 2)


def _moments_under(image: Image, x: float, y: float, width: float) -> Moments | None:
    """Return moments under a Gaussian weight, corrected for the weight."""
    half = image.shape[0] // 2
    rows, columns = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float64)
    u, v = columns - x, rows - y
    weight = np.exp(-0.5 * (u**2 + v**2) / width**2) * np.maximum(image, 0.0)
    total = float(weight.sum())
    if total <= 0:
        return None
    u, v = u - (weight * u).sum() / total, v - (weight * v).sum() / total
    seen = np.array([[(weight * a * b).sum() for b in (u, v)] for a in (u, v)]) / total
    try:
        found = np.linalg.inv(np.linalg.inv(seen + 0.05 * np.eye(2)) - np.eye(2) / width**2)
    except np.linalg.LinAlgError:
        return None
    if min(found[0, 0], found[1, 1], np.linalg.det(found)) <= 0 or found.max() > _WIDEST:
        return None
    return Moments(xx=float(found[0, 0]), yy=float(found[1, 1]), xy=float(found[0, 1]))


def extendedness(moments: Moments, psf: Moments) -> float:
    """Return 0 for the size of the PSF, and up to 1 the more it differs."""
    return 1.0 - math.exp(-((moments.trace / psf.trace - 1.0) ** 2) / _SCATTER)


def trail_length(moments: Moments) -> float:
    """Return the length in pixels of a trail with these moments (fitted to real alerts)."""
    major, minor = moments.axes
    return math.sqrt((major - minor) * (8.0 + 4.0 * minor / major))

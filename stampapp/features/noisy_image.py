"""An image whose noise and PSF are known, and the fit of a point source in its middle."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from stampapp.features.images import Patch, crop_around, median
from stampapp.stamps.fits_image import Pixels

# Half the side of a patch, and of the square in which a point source is fitted, in pixels.
HALF = 11
FITTED = 7
# The full width at half maximum of the PSF where an image has none, in pixels.
USUAL_WIDTH = 5.0
# The scatter of Gaussian noise over the median of the distances between two of its values.
_SIGMA = 1.4826 / math.sqrt(2)
# Numbers of a header or of 64 bits may be so large that their squares have no float.
_MOST = 1e37
_ROWS, _COLUMNS = np.mgrid[-FITTED : FITTED + 1, -FITTED : FITTED + 1]
_USUAL_PSF = np.exp(-4 * math.log(2) * (_ROWS**2 + _COLUMNS**2) / USUAL_WIDTH**2)
Place = tuple[float, float]
_INSIDE = slice(HALF - FITTED, HALF + FITTED + 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class NoisyImage:
    """The middle of an image, 23 by 23 pixels, in which missing pixels are 0.

    `noise` is the standard deviation of an empty pixel; `psf` has 15 by 15 pixels and the sum 1.
    """

    patch: Patch
    noise: float
    psf: Patch


@dataclass(frozen=True, kw_only=True, slots=True)
class PointSource:
    """A PSF fitted to the middle of an image.

    `flux` in units of the image, `significance` is the flux over its noise; `x`, `y` in pixels from
    the middle. `lopsidedness` is the share of the fitted power in the PSF's derivatives: 0 for a
    source in the middle, 1 for a dipole. `residual` is chi square per pixel of what remains.
    """

    flux: float
    significance: float
    x: float
    y: float
    lopsidedness: float
    residual: float


def noisy_image(
    pixels: Pixels, place: Place, variance: Pixels | None = None, psf: Pixels | None = None
) -> NoisyImage:
    """Return an image around a place (row, column).

    Without `variance` the noise is measured in the pixels; without `psf` a usual one is taken.
    """
    return NoisyImage(
        patch=_patch(pixels, place, HALF), noise=_noise(pixels, variance), psf=_psf(psf)
    )


def _patch(pixels: Pixels, place: Place, half: int) -> Patch:
    """Return the pixels up to `half` from a place; what is missing is 0."""
    patch = crop_around(pixels, place, 2 * half + 1).astype(np.float64)
    patch[~np.isfinite(patch)] = 0.0
    return patch


def _psf(psf: Pixels | None) -> Patch:
    if psf is not None:
        row, column = (side // 2 for side in psf.shape)
        known = _patch(psf, (row, column), FITTED)
        if float(known.sum()) > 0:
            return np.asarray(known / known.sum())
    return np.asarray(_USUAL_PSF / _USUAL_PSF.sum())


def _noise(pixels: Pixels, variance: Pixels | None) -> float:
    if variance is not None:
        # Half of the pixels say enough.
        half = variance[::2]
        known = half[(half > 0) & (half < _MOST)]
        if known.size:
            return math.sqrt(median(known))
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.abs(np.diff(pixels.astype(np.float64), axis=1))
    return _SIGMA * median(steps[steps < _MOST]) or 1.0


def fit_point_source(image: NoisyImage) -> PointSource:
    """Fit the PSF and its derivatives, which stand for a shift, to the middle of an image."""
    shape = _psf_and_slopes(image.psf)
    power = np.maximum((shape**2).sum(axis=1), np.finfo(float).tiny)
    seen = image.patch[_INSIDE, _INSIDE].ravel()
    # The three are orthogonal but for the asymmetry of the PSF.
    amounts = shape @ seen / power
    flux, down, right = (float(amount) for amount in amounts)
    parts = amounts**2 * power
    total = float(parts.sum())
    rest = seen - amounts @ shape
    return PointSource(
        flux=flux,
        significance=flux * math.sqrt(float(power[0])) / image.noise,
        x=_shift(right, flux),
        y=_shift(down, flux),
        lopsidedness=float(parts[1:].sum()) / total if total > 0 else 0.0,
        residual=float((rest**2).mean()) / image.noise**2,
    )


def _psf_and_slopes(psf: Patch) -> Patch:
    """Return the PSF and its slopes down and to the right, a row each; at the edge they are 0."""
    slopes = np.zeros((3, *psf.shape))
    slopes[0] = psf
    slopes[1, 1:-1] = (psf[2:] - psf[:-2]) / 2
    slopes[2, :, 1:-1] = (psf[:, 2:] - psf[:, :-2]) / 2
    return slopes.reshape(3, -1)


def _shift(derivative: float, flux: float) -> float:
    return min(max(-derivative / flux, -FITTED), FITTED) if flux else 0.0

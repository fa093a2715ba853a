"""Detect and measure a source in a difference image of LSSTCam, as its pipeline does."""

from __future__ import annotations

import math
from dataclasses import dataclass

from stampapp.simulation import lsst_images, lsst_shapes
from stampapp.simulation.lsst_images import CalibratedImages, Flux, Peak
from stampapp.simulation.lsst_shapes import Moments

_MIN_SNR = 5.0
# The Gaussian of the detector's filter is not quite the PSF.
_FILTER = 0.985
# A dipole's weaker lobe has at least this share of the significance of the stronger one.
_BALANCE = 0.5
_SHAPE_SIDE = 41


@dataclass(frozen=True, kw_only=True, slots=True)
class Dipole:
    """A star that moved: by how many pixels (x, y), and its flux in nJy with its error."""

    x: float
    y: float
    flux: float
    error: float

    @property
    def length(self) -> float:
        """The distance in pixels."""
        return math.hypot(self.x, self.y)


@dataclass(frozen=True, kw_only=True, slots=True)
class LsstDetection:
    """A detection: its centroid in pixels from the middle, and what is measured there.

    `moments` is None where the measurement failed.
    """

    x: float
    y: float
    snr: float
    negative: bool
    psf_flux: Flux
    science_flux: Flux
    template_flux: Flux
    aperture_flux: tuple[float, float]
    box: int
    moments: Moments | None
    psf_moments: Moments
    dipole: Dipole | None


def detect(images: CalibratedImages) -> LsstDetection | None:
    """Return the detection near the middle, None if there is none of five times the noise."""
    peak = images.strongest()
    snr = abs(peak.snr) * _FILTER
    if snr < _MIN_SNR:
        return None
    x, y, dipole = peak.x, peak.y, None
    other = images.strongest(-1 if peak.snr > 0 else 1, around=peak)
    if abs(other.snr) >= max(_MIN_SNR, _BALANCE * abs(peak.snr)) and peak.snr * other.snr < 0:
        x, y = (peak.x + other.x) / 2, (peak.y + other.y) / 2
        dipole = _fit_dipole(images, x, y)
    return LsstDetection(
        x=x,
        y=y,
        snr=snr,
        negative=dipole is None and peak.snr < 0,
        psf_flux=images.difference_flux(x, y),
        science_flux=images.science_flux(x, y),
        template_flux=images.template_flux(x, y),
        aperture_flux=images.aperture_flux(x, y),
        box=images.footprint(peak),
        moments=_moments(images, peak),
        psf_moments=_psf_moments(images),
        dipole=dipole,
    )


def _fit_dipole(images: CalibratedImages, x: float, y: float) -> Dipole:
    flux = images.science_flux(x, y)
    moved = images.dipole_shift(x, y, max(abs(flux.value), flux.error))
    return Dipole(x=moved[0], y=moved[1], flux=flux.value, error=flux.error)


def _moments(images: CalibratedImages, peak: Peak) -> Moments | None:
    sign = 1 if peak.snr > 0 else -1
    x, y = (value - math.floor(value + 0.5) for value in (peak.x, peak.y))
    pixels = sign * lsst_images.cut(images.difference, peak.x, peak.y, _SHAPE_SIDE)
    return lsst_shapes.measure(pixels, x, y, images.psf.fwhm / 2.355)


def _psf_moments(images: CalibratedImages) -> Moments:
    found = lsst_shapes.measure(images.psf_pixels(_SHAPE_SIDE), 0.0, 0.0, images.psf.fwhm / 2.355)
    if found is None:
        raise RuntimeError("a PSF of LSSTCam has no adaptive moments")
    return found

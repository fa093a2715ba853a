"""Images of LSSTCam in nJy with their variance, and photometry with the PSF on them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stampapp.simulation import detections, image_model
from stampapp.simulation.image_model import GRID, PSF, Image
from stampapp.simulation.observation import Observation

ZERO_POINT = 31.4
_MIDDLE = GRID // 2
_REACH = 4.0
_SIDE = 41
_ROWS, _COLUMNS = np.mgrid[-_MIDDLE:_MIDDLE, -_MIDDLE:_MIDDLE].astype(np.float64)
_NEAR = np.hypot(_ROWS, _COLUMNS) <= _REACH
_APERTURE = 12.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Flux:
    """A flux and its error in nJy, and the chi-squared of the model."""

    value: float
    error: float
    chi2: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Peak:
    """A peak of the significance map: position in pixels from the middle, and significance."""

    x: float
    y: float
    snr: float


@dataclass(frozen=True, kw_only=True)
class CalibratedImages:
    """The images of an observation, (GRID, GRID) in nJy, and their variance in nJy squared."""

    science: Image
    template: Image
    difference: Image
    science_variance: Image
    template_variance: Image
    psf: PSF
    template_psf: PSF

    @classmethod
    def of(cls, observation: Observation) -> CalibratedImages:
        """Return the images of an observation; their variance follows from the pixels."""
        exposure = observation.exposure
        gain = exposure.camera.gain
        unit = exposure.flux(ZERO_POINT) ** -1
        science, template = observation.science, observation.template
        quiet = exposure.noise**2 * 0.3, exposure.template_noise**2 * 0.3
        variance = np.maximum(exposure.noise**2 + science / gain, quiet[0])
        under = np.maximum(exposure.template_noise**2 + template / gain / exposure.frames, quiet[1])
        return cls(
            science=(science + exposure.background) * unit,
            template=template * unit,
            difference=(observation.difference + exposure.background) * unit,
            science_variance=variance * unit**2,
            template_variance=under * unit**2,
            psf=exposure.psf,
            template_psf=exposure.template_psf,
        )

    @cached_property
    def variance(self) -> Image:
        """The variance of the difference."""
        return self.science_variance + self.template_variance

    @cached_property
    def significance(self) -> Image:
        """The ratio of PSF-filtered difference and its noise in each pixel."""
        psf = self.psf.at(_COLUMNS, _ROWS)
        psf /= psf.sum()
        return _correlate(self.difference, psf) / np.sqrt(_correlate(self.variance, psf**2))

    def psf_pixels(self, side: int) -> Image:
        """Return the PSF of the difference on `side` pixels."""
        return self.psf.at(cut(_COLUMNS, 0.0, 0.0, side), cut(_ROWS, 0.0, 0.0, side))

    def strongest(self, sign: int | None = None, around: Peak | None = None) -> Peak:
        """Return the strongest peak of a sign, or of any, near the middle or another peak."""
        near = _NEAR
        if around is not None:
            near = np.hypot(_ROWS - around.y, _COLUMNS - around.x) <= 1.4 * self.psf.fwhm
        height = np.abs(self.significance) if sign is None else sign * self.significance
        row, column = np.unravel_index(int(np.argmax(np.where(near, height, -np.inf))), near.shape)
        y = int(row) + detections.parabola_peak(height[row - 1 : row + 2, column])
        x = int(column) + detections.parabola_peak(height[row, column - 1 : column + 2])
        return Peak(x=x - _MIDDLE, y=y - _MIDDLE, snr=float(self.significance[row, column]))

    def difference_flux(self, x: float, y: float) -> Flux:
        """Return psfFlux at a position."""
        return _psf_flux(self.difference, self.variance, self.psf, x, y)

    def science_flux(self, x: float, y: float) -> Flux:
        """Return scienceFlux at a position."""
        return _psf_flux(self.science, self.science_variance, self.psf, x, y)

    def template_flux(self, x: float, y: float) -> Flux:
        """Return templateFlux at a position."""
        return _psf_flux(self.template, self.template_variance, self.template_psf, x, y)

    def aperture_flux(self, x: float, y: float) -> tuple[float, float]:
        """Return apFlux and its error, of the pixels within 12 of a position."""
        inside = np.hypot(_ROWS - y, _COLUMNS - x) <= _APERTURE
        return float(self.difference[inside].sum()), math.sqrt(self.variance[inside].sum())

    def footprint(self, peak: Peak) -> int:
        """Return the side of the box around the significant pixels, which are grown by the PSF."""
        reach = 2.5 * self.psf.fwhm + 4.0
        near = np.hypot(_ROWS - peak.y, _COLUMNS - peak.x) <= reach
        rows, columns = np.nonzero(near & (np.abs(self.significance) >= 5.0))
        extent = max(int(np.ptp(rows)), int(np.ptp(columns))) + 1 if len(rows) else 1
        return extent + 2 * round(2.4 * self.psf.fwhm / 2.355)

    def dipole_shift(self, x: float, y: float, flux: float) -> tuple[float, float]:
        """Return by how many pixels (x, y) a star of this flux moved, fitted to the difference."""
        here, step = _window(x, y), 0.5
        model = [
            self.psf.at(here[0] - step, here[1]) - self.psf.at(here[0] + step, here[1]),
            self.psf.at(here[0], here[1] - step) - self.psf.at(here[0], here[1] + step),
        ]
        matrix = np.stack([(flux / (2 * step)) * one.ravel() for one in model], axis=1)
        found = np.linalg.lstsq(matrix, cut(self.difference, x, y, _SIDE).ravel(), rcond=None)[0]
        return float(found[0]), float(found[1])


def cut(image: Image, x: float, y: float, side: int) -> Image:
    """Return the square around a position; the pixel of the position is the middle one."""
    row, column = _MIDDLE + math.floor(y + 0.5), _MIDDLE + math.floor(x + 0.5)
    half = side // 2
    return image[row - half : row - half + side, column - half : column - half + side]


def _window(x: float, y: float) -> tuple[Image, Image]:
    return cut(_COLUMNS, x, y, _SIDE) - x, cut(_ROWS, x, y, _SIDE) - y


def _psf_flux(image: Image, variance: Image, psf: PSF, x: float, y: float) -> Flux:
    """Fit the PSF with equal weights, as the science pipelines do, whose flux is not biased."""
    share = psf.at(*_window(x, y))
    share /= share.sum()
    pixels, noise = cut(image, x, y, _SIDE), cut(variance, x, y, _SIDE)
    power = float((share**2).sum())
    value = float((pixels * share).sum()) / power
    return Flux(
        value=value,
        error=math.sqrt(float((noise * share**2).sum())) / power,
        chi2=float(((pixels - value * share) ** 2 / noise).sum()),
    )


def _correlate(image: Image, kernel: Image) -> Image:
    transform = np.conj(image_model.to_spectrum(kernel))
    return image_model.to_image(image_model.to_spectrum(image) * transform)

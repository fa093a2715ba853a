"""An exposure: weather, seeing, depth, and the template that it is compared with."""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.random import Generator

from stampapp.simulation.image_model import PSF
from stampapp.simulation.instruments import Band, Camera

_POOR_NIGHTS = 0.22
_DETECTION = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Exposure:
    """A science image and its template, in DN of the science image and in pixels.

    `noise` and `template_noise` are the standard deviations of an empty pixel, `fwhm` and
    `template_fwhm` the widths of the PSFs, `shift` (x, y) is the misregistration of the template.
    `psf_error` is the relative error of the PSF width that the subtraction assumes, `flux_error`
    that of the flux scale. `zero_point` is the magnitude of 1 DN; `mjd` in days (UTC);
    `background` in DN.
    """

    camera: Camera
    band: str
    mjd: float
    zero_point: float
    noise: float
    background: float
    fwhm: float
    ellipticity: tuple[float, float]
    template_fwhm: float
    template_noise: float
    frames: int
    shift: tuple[float, float]
    psf_error: float
    flux_error: float

    def flux(self, magnitude: float) -> float:
        """Return the flux in DN of a source of this magnitude."""
        return float(10 ** (0.4 * (self.zero_point - magnitude)))

    def magnitude(self, flux: float) -> float:
        """Return the magnitude of a flux in DN, above 0."""
        return self.zero_point - 2.5 * math.log10(flux)

    @property
    def is_dimmed(self) -> bool:
        """Whether clouds or twilight cost half a magnitude or more."""
        return self.zero_point < self.camera.bands[self.band].zero_point - 0.5

    @property
    def psf(self) -> PSF:
        """The PSF of the science image."""
        return PSF(fwhm=self.fwhm, ellipticity=self.ellipticity, beta=self.camera.moffat_beta)

    @property
    def template_psf(self) -> PSF:
        """The PSF of the template."""
        beta = self.camera.template_beta or self.camera.moffat_beta
        return PSF(fwhm=self.template_fwhm, beta=beta)

    @property
    def point_area(self) -> float:
        """The noise-equivalent area of the PSF in pixels, as if it were Gaussian (King 1983)."""
        sigma = math.hypot(self.fwhm, 0.3) / 2.355
        return 4 * math.pi * sigma**2

    @property
    def point_noise(self) -> float:
        """The noise in DN of a point source's flux on empty sky in the difference."""
        return math.hypot(self.noise, self.template_noise) * math.sqrt(self.point_area)

    @property
    def fit_noise(self) -> float:
        """A fifth of the flux in DN at the limiting magnitude: the noise in the `fit_area`."""
        if self.camera.fit_area is None:
            return self.point_noise
        constant, factor = self.camera.fit_area
        return math.hypot(self.noise, self.template_noise) * math.sqrt(
            constant + factor * self.fwhm**2
        )

    @property
    def limiting_magnitude(self) -> float:
        """The magnitude of a point source of five times the noise."""
        return self.magnitude(_DETECTION * self.fit_noise)


def draw_band(rng: Generator, camera: Camera) -> str:
    """Draw the name of a band, by the shares of the exposures in each."""
    names = list(camera.bands)
    shares = [camera.bands[name].share for name in names]
    return names[int(rng.choice(len(names), p=shares))]


def stack_noise(band: Band, loss: float, frames: int) -> float:
    """Return the noise of a stack of frames in an exposure that lost so many magnitudes.

    A template is scaled to the flux of the science image, and so is its noise.
    """
    return band.noise * 10 ** (-0.4 * loss) / math.sqrt(frames)


def draw_exposure(rng: Generator, camera: Camera) -> Exposure:
    """Draw an exposure: mostly of clear nights, some with cloud, twilight or bad seeing."""
    name = draw_band(rng, camera)
    band = camera.bands[name]
    poor = rng.random() < _POOR_NIGHTS
    loss = rng.uniform(0.3, 4.4) if poor else abs(rng.normal(0.0, 0.12))
    frames = int(rng.choice(camera.frames))
    seeing = camera.seeing * math.exp(rng.normal(0.0, camera.seeing_scatter))
    seeing *= rng.uniform(1.2, 2.4) if rng.random() < (0.3 if poor else 0.07) else 1.0
    template = camera.template_seeing * math.exp(rng.normal(0.0, 0.1))
    noise = band.noise * math.exp(rng.normal(-0.35 if poor else 0.0, 0.4 if poor else 0.22))
    jitter = 0.07 * math.exp(rng.normal(0.0, 0.6))
    return Exposure(
        camera=camera,
        band=name,
        mjd=rng.uniform(camera.first_mjd, camera.last_mjd),
        zero_point=band.zero_point - loss,
        noise=noise,
        background=camera.background * (noise / band.noise) ** 2,
        fwhm=seeing / camera.pixel,
        ellipticity=(rng.normal(0.0, 0.03), rng.normal(0.0, 0.03)),
        template_fwhm=template / camera.pixel,
        template_noise=stack_noise(band, loss, frames) * rng.uniform(0.6, 1.2),
        frames=frames,
        shift=(rng.normal(0.0, jitter), rng.normal(0.0, jitter)),
        psf_error=rng.normal(0.0, 0.02),
        flux_error=rng.normal(0.0, 0.012 if poor else 0.006),
    )

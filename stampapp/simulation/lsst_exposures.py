"""Draw the exposures of LSSTCam, and the templates that they are compared with."""

from __future__ import annotations

import math

from numpy.random import Generator

from stampapp.simulation.exposures import Exposure, draw_band, stack_noise
from stampapp.simulation.instruments import Camera

_POOR_NIGHTS = 0.12
_SMALLEST_FWHM = 0.62
_WORST_TEMPLATE = 1.3
# What the subtraction of the sky leaves, in units of the noise of a pixel: mean and scatter.
_SKY_LEFT = (0.06, 0.08)


def draw_exposure(rng: Generator, camera: Camera) -> Exposure:
    """Draw an exposure: depth and seeing scatter with the Moon, the airmass and the weather."""
    name = draw_band(rng, camera)
    band = camera.bands[name]
    loss = rng.uniform(0.2, 1.2) if rng.random() < _POOR_NIGHTS else abs(rng.normal(0.0, 0.08))
    noise = band.noise * math.exp(rng.normal(0.28, 0.26))
    frames = int(rng.choice(camera.frames))
    jitter = 0.05 * math.exp(rng.normal(0.0, 0.5))
    fwhm = _draw_fwhm(rng, camera.seeing, camera.seeing_scatter)
    # Templates of much worse seeing are not used.
    template_fwhm = min(_draw_fwhm(rng, camera.template_seeing, 0.18), _WORST_TEMPLATE * fwhm)
    return Exposure(
        camera=camera,
        band=name,
        mjd=rng.uniform(camera.first_mjd, camera.last_mjd),
        zero_point=band.zero_point - loss,
        noise=noise,
        background=noise * rng.normal(*_SKY_LEFT),
        fwhm=fwhm / camera.pixel,
        ellipticity=(rng.normal(0.0, 0.045), rng.normal(0.0, 0.045)),
        template_fwhm=template_fwhm / camera.pixel,
        template_noise=stack_noise(band, loss, frames) * rng.uniform(0.9, 1.7),
        frames=frames,
        shift=(rng.normal(0.0, jitter), rng.normal(0.0, jitter)),
        psf_error=rng.normal(0.0, 0.006),
        flux_error=rng.normal(0.0, 0.003),
    )


def _draw_fwhm(rng: Generator, median: float, scatter: float) -> float:
    return max(median * math.exp(rng.normal(0.0, scatter)), _SMALLEST_FWHM)

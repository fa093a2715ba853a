"""Draw the exposures of ZTF, and the templates that they are compared with.

Values as in public alerts: stamps, limiting magnitudes and sigmas of real alerts.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator

from stampapp.simulation.exposures import Exposure, draw_band, stack_noise
from stampapp.simulation.instruments import Camera
from stampapp.simulation.scene import DrawScene, Scene

# The share of exposures that clouds, the Moon or twilight dim, and by how many magnitudes.
_CLOUDY = 0.26
_LOSS = (0.2, 4.6)
_CLEAR_SCATTER = 0.11
# Noise of a pixel (DN) and FWHM (pixels) are limited to these values.
_NOISE = (3.5, 26.0)
_FWHM = (1.2, 4.8)
# Resampling makes the noise of a stack smaller and correlates it.
_STACK = 0.58
# Beyond these limiting magnitudes, the weight of an exposure stays the same.
_LIMITS = (15.5, 20.5)


def draw_exposure(rng: Generator, camera: Camera) -> Exposure:
    """Draw an exposure: three in four of clear nights, the others through clouds."""
    name = draw_band(rng, camera)
    band = camera.bands[name]
    cloudy = rng.random() < _CLOUDY
    loss = rng.uniform(*_LOSS) if cloudy else rng.normal(0.0, _CLEAR_SCATTER)
    frames = int(rng.choice(camera.frames))
    seeing = camera.seeing * math.exp(rng.normal(0.0, camera.seeing_scatter))
    template = camera.template_seeing * math.exp(rng.normal(0.0, 0.09))
    noise = float(np.clip(band.noise * math.exp(rng.normal(0.0, 0.38)), *_NOISE))
    jitter = 0.04 * math.exp(rng.normal(0.0, 0.5))
    return Exposure(
        camera=camera,
        band=name,
        mjd=rng.uniform(camera.first_mjd, camera.last_mjd),
        zero_point=band.zero_point - loss,
        noise=noise,
        background=camera.background * (noise / band.noise) ** 2 * math.exp(rng.normal(0.0, 0.7)),
        fwhm=float(np.clip(seeing / camera.pixel, *_FWHM)),
        ellipticity=(rng.normal(0.0, 0.03), rng.normal(0.0, 0.03)),
        template_fwhm=template / camera.pixel,
        template_noise=_STACK * stack_noise(band, loss, frames) * math.exp(rng.normal(0.0, 0.3)),
        frames=frames,
        shift=(rng.normal(0.0, jitter), rng.normal(0.0, jitter)),
        psf_error=rng.normal(0.0, 0.01),
        flux_error=rng.normal(0.0, 0.008 if cloudy else 0.004),
    )


def in_weighted_exposure(draw_scene: DrawScene, slope: float) -> DrawScene:
    """Return a function that draws the scene in an exposure weighted by its number of alerts.

    That number is proportional to 10 to the power of `slope` times the limiting magnitude: a deep
    exposure has more sources of most classes, and a cloudy one more bogus detections.
    """
    shallowest, deepest = _LIMITS
    most = deepest if slope > 0 else shallowest

    def draw(rng: Generator, exposure: Exposure) -> Scene:
        while True:
            limit = min(max(exposure.limiting_magnitude, shallowest), deepest)
            if rng.random() < 10 ** (slope * (limit - most)):
                return draw_scene(rng, exposure)
            exposure = draw_exposure(rng, exposure.camera)

    return draw

"""Ideal exposures and their images, for tests of the simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.random import Generator

from stampapp.alerts.surveys import Survey
from stampapp.simulation import image_model, subtraction
from stampapp.simulation.exposures import Exposure
from stampapp.simulation.image_model import Image
from stampapp.simulation.instruments import Camera
from stampapp.simulation.light_sources import Source
from stampapp.simulation.simulated_survey import simulated_survey
from stampapp.simulation.subtraction import Difference
from stampapp.simulation.ztf import CAMERA as ZTF

CAMERAS = {survey: simulated_survey(survey).camera for survey in Survey}


def exposure(camera: Camera = ZTF, **changes: Any) -> Exposure:
    """Return an exposure of ordinary seeing whose template fits; its PSF is round."""
    faultless: dict[str, Any] = {
        "fwhm": camera.seeing / camera.pixel,
        "template_fwhm": camera.template_seeing / camera.pixel,
        "ellipticity": (0.0, 0.0),
        "shift": (0.0, 0.0),
        "psf_error": 0.0,
        "flux_error": 0.0,
    }
    drawn = simulated_survey(camera.survey).draw_exposure(np.random.default_rng(1), camera)
    return replace(drawn, **faultless | changes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """Sources and their fluxes in DN: those of both images, and those of the science image."""

    static: Sequence[Source] = ()
    fluxes: Sequence[float] = ()
    new: Sequence[Source] = ()
    new_fluxes: Sequence[float] = ()
    bright: float = field(default=1e9)

    def images(self, rng: Generator, seen: Exposure) -> tuple[Image, Image]:
        """Return the science image and the template in DN, with the noise of sky and photons."""
        static = image_model.to_light(self.static, self.fluxes, self.bright)
        now = static + image_model.to_light(self.new, self.new_fluxes, self.bright)
        gain = seen.camera.gain
        return (
            noisy(rng, now.rendered(seen.psf), seen.noise, gain),
            noisy(rng, static.rendered(seen.template_psf), seen.template_noise, gain * seen.frames),
        )

    def difference(self, rng: Generator, seen: Exposure) -> Difference:
        return subtraction.subtract(*self.images(rng, seen), seen)


def noisy(rng: Generator, image: Image, scatter: float, gain: float) -> Image:
    variance = scatter**2 + np.maximum(image, 0.0) / gain
    noise: Image = np.sqrt(variance) * rng.normal(size=image.shape)
    return image + noise


def at(x: float = 0.0, y: float = 0.0, **changes: Any) -> Source:
    """Return a source at this position; by default a star."""
    return Source(**{"x": x, "y": y, "magnitude": 18.0} | changes)

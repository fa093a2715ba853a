"""Simulate labelled alerts: survey, seed and index determine an alert."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from stampapp.alerts.alert import LabelledAlert
from stampapp.alerts.surveys import Survey
from stampapp.simulation import (
    artifacts,
    detections,
    image_model,
    sky_positions,
    star_field,
    subtraction,
)
from stampapp.simulation.image_model import GRID, Image
from stampapp.simulation.instruments import Camera
from stampapp.simulation.light_sources import Source
from stampapp.simulation.observation import Observation
from stampapp.simulation.scene import Scene
from stampapp.simulation.scenes import LABELS
from stampapp.simulation.simulated_survey import SimulatedSurvey, simulated_survey
from stampapp.simulation.sky_positions import SkyPosition

_MIN_SNR = 5.0
_REACH = GRID / 2 - 2
_MAX_ATTEMPTS = 200
# Stars brighter than this (in units of the template noise) would ring visibly.
_BRIGHT = 80.0


def simulate_alert(survey: Survey, seed: int, index: int) -> LabelledAlert:
    """Return the alert of this index and seed; its class is random, all classes equally likely."""
    simulated = simulated_survey(survey)
    rng = np.random.default_rng([seed, simulated.number, index])
    label = LABELS[int(rng.integers(len(LABELS)))]
    number = f"{seed % 10**6:06d}{index:09d}"
    for _ in range(_MAX_ATTEMPTS):
        observation = _observe(rng, simulated, label)
        if observation.detection.snr >= _MIN_SNR:
            alert = simulated.to_alert(rng, observation, label, number)
            if alert is not None:
                return LabelledAlert(alert=alert, label=label)
    raise RuntimeError(f"{survey} alert {index} of seed {seed}: no {label} was bright enough")


def simulate_alerts(survey: Survey, seed: int, count: int) -> Iterator[LabelledAlert]:
    """Yield the first `count` alerts of a seed."""
    for index in range(count):
        yield simulate_alert(survey, seed, index)


def _observe(rng: Generator, simulated: SimulatedSurvey, label: str) -> Observation:
    camera = simulated.camera
    scene = simulated.scenes_by_class[label](rng, simulated.draw_exposure(rng, camera))
    place = sky_positions.draw_sky_position(
        rng, camera, label, scene.exposure.mjd, in_halo=scene.in_halo
    )
    around = star_field.draw_surroundings(rng, scene.exposure, place, _REACH)
    dx, dy = rng.uniform(-0.5, 0.5, 2)
    scene = replace(
        scene,
        static=_shift_sources(scene.static, dx, dy) + tuple(around),
        changed=_shift_sources(scene.changed, dx, dy),
        catalogue_sources=_shift_sources(scene.catalogue_sources or scene.static, dx, dy)
        + tuple(around),
    )
    return _take_images(rng, scene, place)


def _shift_sources(some: tuple[Source, ...], dx: float, dy: float) -> tuple[Source, ...]:
    return tuple(one.moved(dx, dy) for one in some)


def _take_images(rng: Generator, scene: Scene, place: SkyPosition) -> Observation:
    exposure = scene.exposure
    fluxes = [exposure.flux(one.magnitude) for one in scene.static]
    bright = _BRIGHT * exposure.template_noise
    static = image_model.to_light(scene.static, fluxes, bright)
    now = static.scaled(1 + exposure.flux_error) + image_model.to_light(
        scene.changed, scene.fluxes, bright
    )
    science = now.rendered(exposure.psf)
    template = static.moved(*exposure.shift).rendered(exposure.template_psf)
    if scene.artifact:
        artifacts.add_artifact(rng, science, exposure, scene.artifact)
    camera = exposure.camera
    science = _add_noise(science, exposure.noise, camera.gain, _science_noise(rng, camera))
    template = _add_noise(
        template,
        exposure.template_noise,
        camera.gain * exposure.frames,
        _template_noise(rng, camera),
    )
    top = camera.saturation
    science, template = np.minimum(science, top), np.minimum(template, top)
    difference = subtraction.subtract(science, template, exposure)
    return Observation(
        scene=scene,
        place=place,
        science=science,
        template=template,
        difference=difference.pixels,
        detection=detections.find_detection(difference, sends_fading=exposure.camera.sends_fading),
    )


def _science_noise(rng: Generator, camera: Camera) -> Image:
    noise = rng.normal(size=(GRID, GRID))
    if camera.row_correlation:
        return image_model.correlate_pixels(noise, camera.row_correlation, ())
    return noise


def _template_noise(rng: Generator, camera: Camera) -> Image:
    noise = rng.normal(size=(GRID, GRID))
    if camera.template_correlation:
        both = camera.template_correlation
        return image_model.correlate_pixels(noise, both, both)
    return image_model.correlate_noise(noise, camera.resampling) if camera.resampling else noise


def _add_noise(image: Image, scatter: float, gain: float, noise: Image) -> Image:
    variance = scatter**2 + np.maximum(image, 0.0) / gain
    return image + np.sqrt(variance) * noise

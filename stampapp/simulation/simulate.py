"""A survey, a seed and a number → an alert and its class. The same three give the same alert."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from stampapp.alerts.alert import Alert, Labelled
from stampapp.alerts.surveys import Survey
from stampapp.simulation import (
    artifacts,
    detections,
    exposures,
    image_model,
    measurements,
    sky_positions,
    star_field,
    subtraction,
)
from stampapp.simulation.catalogues import NO_VALUE
from stampapp.simulation.image_model import GRID, Image
from stampapp.simulation.light_sources import Source
from stampapp.simulation.observation import Shot
from stampapp.simulation.scenes import LABELS, Scene
from stampapp.simulation.simulated_survey import SimulatedSurvey, simulated_survey
from stampapp.simulation.sky_positions import Place

_LEAST_SNR = 5.0
_REACH = GRID / 2 - 2
_TRIES = 200
# Stars that would ring visibly, in template noise.
_BRIGHT = 80.0


def draw(survey: Survey, seed: int, index: int) -> Labelled:
    """Return the alert of this number in the simulated sky of a seed; classes take turns by lot."""
    simulated = simulated_survey(survey)
    rng = np.random.default_rng([seed, simulated.number, index])
    label = LABELS[int(rng.integers(len(LABELS)))]
    for _ in range(_TRIES):
        shot = _shoot(rng, simulated, label)
        if shot.detection.snr >= _LEAST_SNR:
            alert = _alert(rng, simulated, shot, label, f"{seed % 10**6:06d}{index:09d}")
            return Labelled(alert=alert, label=label)
    raise RuntimeError(f"{survey} alert {index} of seed {seed}: no {label} was bright enough")


def draw_many(survey: Survey, seed: int, count: int) -> Iterator[Labelled]:
    """Yield the first `count` alerts of the simulated sky of a seed."""
    for index in range(count):
        yield draw(survey, seed, index)


def _shoot(rng: Generator, simulated: SimulatedSurvey, label: str) -> Shot:
    camera = simulated.camera
    scene = simulated.stories[label](rng, exposures.draw(rng, camera))
    place = sky_positions.draw(rng, camera, label, scene.exposure.mjd)
    around = star_field.surroundings(rng, scene.exposure, place, _REACH)
    dx, dy = rng.uniform(-0.5, 0.5, 2)
    scene = replace(
        scene,
        static=_moved(scene.static, dx, dy) + tuple(around),
        changed=_moved(scene.changed, dx, dy),
        catalogued=_moved(scene.catalogued or scene.static, dx, dy) + tuple(around),
    )
    return _expose(rng, scene, place)


def _moved(some: tuple[Source, ...], dx: float, dy: float) -> tuple[Source, ...]:
    return tuple(one.moved(dx, dy) for one in some)


def _expose(rng: Generator, scene: Scene, place: Place) -> Shot:
    exposure = scene.exposure
    fluxes = [exposure.flux(one.magnitude) for one in scene.static]
    bright = _BRIGHT * exposure.template_noise
    static = image_model.light(scene.static, fluxes, bright)
    now = static.scaled(1 + exposure.flux_error) + image_model.light(
        scene.changed, scene.fluxes, bright
    )
    science = now.through(exposure.psf)
    template = static.moved(*exposure.shift).through(exposure.template_psf)
    if scene.blemish:
        artifacts.add(rng, science, exposure, scene.blemish)
    gain = exposure.camera.gain
    science = _noisy(rng, science, exposure.noise, gain)
    template = _noisy(rng, template, exposure.template_noise, gain * exposure.frames)
    top = exposure.camera.saturation
    science, template = np.minimum(science, top), np.minimum(template, top)
    difference = subtraction.subtract(science, template, exposure)
    return Shot(
        scene=scene,
        place=place,
        science=science,
        template=template,
        difference=difference.pixels,
        detection=detections.find(difference, fadings=exposure.camera.fadings),
    )


def _noisy(rng: Generator, image: Image, scatter: float, gain: float) -> Image:
    variance = scatter**2 + np.maximum(image, 0.0) / gain
    return image + np.sqrt(variance) * rng.normal(size=image.shape)


def _alert(
    rng: Generator, simulated: SimulatedSurvey, shot: Shot, label: str, number: str
) -> Alert:
    exposure, survey = shot.exposure, shot.camera.survey
    values = _values(rng, simulated, shot, label)
    return Alert(
        aid=f"SIM{survey[0]}{number}",
        oid=f"{survey}SIM{number}",
        candid=f"{simulated.number}{number}",
        survey=survey,
        mjd=exposure.mjd,
        fid=exposure.band,
        ra=shot.place.ra,
        dec=shot.place.dec,
        mag=values.pop("magpsf"),
        e_mag=values.pop("sigmapsf"),
        isdiffpos=simulated.isdiffpos(shot.detection),
        extra_fields={**values, **_solar_system(rng, label)},
        stamps=simulated.stamps(
            rng, shot, artifacts.mask(rng, shot.camera.side, shot.scene.blemish)
        ),
    )


def _values(rng: Generator, simulated: SimulatedSurvey, shot: Shot, label: str) -> dict[str, float]:
    exposure, detection = shot.exposure, shot.detection
    row, column = (GRID // 2 + round(value) for value in (detection.y, detection.x))
    under = float(shot.template[row, column]) * exposure.point_area
    return {
        **measurements.photometry(rng, exposure, detection, under),
        **measurements.shape(rng, exposure, detection),
        "rb": measurements.real_bogus(rng, detection, under, label),
        "scorr": detection.snr,
        **simulated.metadata(rng, shot, label),
    }


def _solar_system(rng: Generator, label: str) -> dict[str, object]:
    """Return what the ephemerides say: most asteroids that are seen are known."""
    if label == "asteroid" and rng.random() < 0.75:
        return {"ssdistnr": abs(rng.normal(0, 0.7)), "ssmagnr": rng.uniform(16, 20.5)}
    return {"ssdistnr": NO_VALUE, "ssmagnr": NO_VALUE, "ssnamenr": "null"}

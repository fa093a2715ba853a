"""A survey, a seed and a number → an alert and its class. The same three give the same alert."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from stampapp.alerts.alert import Alert, Labelled
from stampapp.alerts.surveys import Survey
from stampapp.simulation import (
    artifacts,
    atlas_header,
    catalogues,
    detection_history,
    detections,
    exposures,
    fits_writer,
    image_model,
    measurements,
    scenes,
    sky_positions,
    star_field,
    subtraction,
)
from stampapp.simulation.catalogues import NO_VALUE
from stampapp.simulation.detections import Detection
from stampapp.simulation.image_model import GRID, Image
from stampapp.simulation.instruments import CAMERAS, Camera
from stampapp.simulation.light_sources import Source
from stampapp.simulation.scenes import LABELS, Scene
from stampapp.simulation.sky_positions import Place

_SURVEY_NUMBER = {Survey.ZTF: 1, Survey.ATLAS: 2}
_LEAST_SNR = 5.0
_REACH = GRID / 2 - 2
_TRIES = 200
# Stars that would ring visibly, in template noise.
_BRIGHT = 80.0
# The value of a pixel of an ATLAS difference where the image is saturated.
_ATLAS_SATURATED = -31415.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shot:
    """A scene as it came out: both images, their difference, and what was detected in it."""

    scene: Scene
    place: Place
    science: Image
    template: Image
    difference: Image
    detection: Detection


def draw(survey: Survey, seed: int, index: int) -> Labelled:
    """Return the alert of this number in the simulated sky of a seed; classes take turns by lot."""
    rng = np.random.default_rng([seed, _SURVEY_NUMBER[survey], index])
    label = LABELS[int(rng.integers(len(LABELS)))]
    camera = CAMERAS[survey]
    for _ in range(_TRIES):
        shot = _shoot(rng, camera, label)
        if shot.detection.snr >= _LEAST_SNR:
            return Labelled(
                alert=_alert(rng, shot, label, f"{seed % 10**6:06d}{index:09d}"), label=label
            )
    raise RuntimeError(f"{survey} alert {index} of seed {seed}: no {label} was bright enough")


def draw_many(survey: Survey, seed: int, count: int) -> Iterator[Labelled]:
    """Yield the first `count` alerts of the simulated sky of a seed."""
    for index in range(count):
        yield draw(survey, seed, index)


def _shoot(rng: Generator, camera: Camera, label: str) -> _Shot:
    scene = scenes.draw(rng, exposures.draw(rng, camera), label)
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


def _expose(rng: Generator, scene: Scene, place: Place) -> _Shot:
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
    return _Shot(
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


def _isdiffpos(shot: _Shot) -> int:
    # The ATLAS packets at hand all say 'f', of what has brightened.
    return -1 if shot.scene.exposure.camera.survey is Survey.ATLAS else shot.detection.sign


def _alert(rng: Generator, shot: _Shot, label: str, number: str) -> Alert:
    exposure, camera = shot.scene.exposure, shot.scene.exposure.camera
    values = _values(rng, shot, label)
    name = f"{camera.survey}SIM{number}"
    return Alert(
        aid=f"SIM{camera.survey[0]}{number}",
        oid=name,
        candid=f"{_SURVEY_NUMBER[camera.survey]}{number}",
        survey=camera.survey,
        mjd=exposure.mjd,
        fid=exposure.band,
        ra=shot.place.ra,
        dec=shot.place.dec,
        mag=values.pop("magpsf"),
        e_mag=values.pop("sigmapsf"),
        isdiffpos=_isdiffpos(shot),
        extra_fields={**values, **_solar_system(rng, label)},
        stamps=_stamps(rng, shot),
    )


def _values(rng: Generator, shot: _Shot, label: str) -> dict[str, float]:
    exposure, detection = shot.scene.exposure, shot.detection
    at = (detection.x, detection.y)
    row, column = (GRID // 2 + round(value) for value in (detection.y, detection.x))
    under = float(shot.template[row, column]) * exposure.point_area
    values = measurements.photometry(rng, exposure, detection, under)
    values |= measurements.shape(rng, exposure, detection)
    values |= {"rb": measurements.real_bogus(rng, detection, under, label), "scorr": detection.snr}
    if exposure.camera.survey is Survey.ATLAS:
        return values
    values |= measurements.limits(rng, exposure)
    values |= catalogues.reference(rng, exposure, shot.scene.catalogued or (), at)
    values |= catalogues.pan_starrs(rng, exposure, shot.scene.catalogued or (), at)
    return values | detection_history.draw(rng, exposure.camera, label, exposure.mjd)


def _solar_system(rng: Generator, label: str) -> dict[str, object]:
    """Return what the ephemerides say: most asteroids that are seen are known."""
    if label == "asteroid" and rng.random() < 0.75:
        return {"ssdistnr": abs(rng.normal(0, 0.7)), "ssmagnr": rng.uniform(16, 20.5)}
    return {"ssdistnr": NO_VALUE, "ssmagnr": NO_VALUE, "ssnamenr": "null"}


def _stamps(rng: Generator, shot: _Shot) -> dict[str, bytes | None]:
    exposure, detection, camera = shot.scene.exposure, shot.detection, shot.scene.exposure.camera
    cards: dict[str, fits_writer.Cards] = {}
    images = {
        "science": shot.science + exposure.background,
        "template": shot.template + exposure.background,
        "difference": shot.difference,
    }
    lost = artifacts.mask(rng, camera.side, shot.scene.blemish)
    if camera.survey is Survey.ATLAS:
        del images["template"]
        cards["science"] = atlas_header.atlas(rng, exposure, shot.place)
        saturated = shot.science >= camera.saturation
        images["difference"] = np.where(saturated, _ATLAS_SATURATED, shot.difference)
        lost[:] = False
    else:
        # A detection in template minus science comes with that image.
        images["difference"] = images["difference"] * detection.sign
    cut = {
        name: detections.stamp(image, detection, camera.side).copy()
        for name, image in images.items()
    }
    for image in cut.values():
        image[lost] = math.nan
    return {
        name: fits_writer.write(image, cards.get(name, {}), compressed=True)
        for name, image in cut.items()
    }

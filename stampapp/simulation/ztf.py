"""The simulated ZTF: camera, the fields that its pipeline adds, and three stamps."""

from __future__ import annotations

from collections.abc import Mapping

from numpy.random import Generator

from stampapp.alerts.surveys import Survey
from stampapp.simulation import catalogues, detection_history, measurements, scenes
from stampapp.simulation.alert_builder import AlertBuilder
from stampapp.simulation.artifacts import Mask
from stampapp.simulation.instruments import Band, Camera, Subtraction
from stampapp.simulation.observation import Observation, Stamps, cut_stamp
from stampapp.simulation.simulated_survey import SimulatedSurvey

# Bellm et al. 2019 and Dekany et al. 2020; noise and seeing as in public alerts.
CAMERA = Camera(
    survey=Survey.ZTF,
    side=63,
    pixel=1.01,
    gain=6.2,
    saturation=5.0e4,
    background=200.0,
    bands={
        "g": Band(share=0.38, zero_point=26.25, noise=11.5),
        "r": Band(share=0.58, zero_point=26.25, noise=12.8),
        "i": Band(share=0.04, zero_point=25.8, noise=13.0),
    },
    seeing=2.05,
    seeing_scatter=0.2,
    template_seeing=1.9,
    frames=(15, 15, 15, 20, 30, 40),
    depth=0.0,
    elongations=None,
    subtraction=Subtraction.PROPER,
    cloud_residuals=True,
    sends_fading=True,
    min_dec=-28.0,
    max_dec=85.0,
    first_mjd=58200.0,
    last_mjd=61300.0,
)


def metadata(rng: Generator, observation: Observation, label: str) -> Mapping[str, float]:
    """Return the limits of the image, neighbours in two catalogues, and the detection history."""
    exposure, at = observation.exposure, (observation.detection.x, observation.detection.y)
    known = observation.scene.catalogue_sources or ()
    return {
        **measurements.image_limits(rng, exposure),
        **catalogues.template_catalogue_fields(rng, exposure, known, at),
        **catalogues.pan_starrs_fields(rng, exposure, known, at),
        **detection_history.draw_detection_history(rng, exposure.camera, label, exposure.mjd),
    }


def stamps(_: Generator, observation: Observation, missing: Mask) -> Stamps:
    """Return the stamps; for a negative detection the difference is template minus science."""
    background = observation.exposure.background
    return {
        "science": cut_stamp(observation, observation.science + background, missing),
        "template": cut_stamp(observation, observation.template + background, missing),
        "difference": cut_stamp(
            observation, observation.difference * observation.detection.sign, missing
        ),
    }


_BUILDER = AlertBuilder(
    number=1,
    isdiffpos=lambda detection: detection.sign,
    metadata=metadata,
    stamps=stamps,
)
PLUGIN = SimulatedSurvey(
    number=_BUILDER.number,
    camera=CAMERA,
    scenes_by_class=scenes.SCENES,
    to_alert=_BUILDER.build,
)

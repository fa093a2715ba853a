"""The simulated ATLAS: camera, cards of the science header, and two stamps."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.random import Generator

from stampapp.alerts.surveys import Survey
from stampapp.simulation import scenes
from stampapp.simulation.alert_builder import AlertBuilder
from stampapp.simulation.artifacts import Mask
from stampapp.simulation.detections import Detection
from stampapp.simulation.fits_writer import Cards
from stampapp.simulation.instruments import Band, Camera, Subtraction
from stampapp.simulation.observation import Observation, Stamps, cut_stamp
from stampapp.simulation.simulated_survey import SimulatedSurvey
from stampapp.stamps.atlas import SATURATED

# Tonry et al. 2018; noise and seeing as in packets of 2021. The flux scale is corrected for thin
# clouds, star by star, so no bogus alerts come from errors of it.
CAMERA = Camera(
    survey=Survey.ATLAS,
    side=61,
    pixel=1.862,
    gain=2.05,
    saturation=4.6e4,
    background=420.0,
    bands={
        "o": Band(share=0.75, zero_point=25.85, noise=19.0),
        "c": Band(share=0.25, zero_point=26.1, noise=16.0),
    },
    seeing=3.9,
    seeing_scatter=0.16,
    template_seeing=3.7,
    frames=(6, 8, 12, 20),
    depth=1.2,
    elongations=(45.0, 90.0),
    subtraction=Subtraction.MATCHED,
    sends_fading=False,
    min_dec=-50.0,
    max_dec=85.0,
    first_mjd=58500.0,
    last_mjd=61300.0,
)


def isdiffpos(_: Detection) -> int:
    """Return -1: known packets say 'f' for all detections, also brighter ones."""
    return -1


def metadata(_: Generator, observation: Observation, label: str) -> Mapping[str, float]:  # noqa: ARG001
    """Return no fields: ATLAS has the rest in the header of the science stamp."""
    return {}


def stamps(rng: Generator, observation: Observation, _: Mask) -> Stamps:
    """Return the stamps, complete; both have the WCS, and the science stamp all header cards."""
    saturated = observation.science >= observation.camera.saturation
    return {
        "science": cut_stamp(
            observation,
            observation.science + observation.exposure.background,
            cards=header(rng, observation),
        ),
        "difference": cut_stamp(
            observation,
            np.where(saturated, SATURATED, observation.difference),
            cards=wcs(observation),
        ),
    }


def header(rng: Generator, observation: Observation) -> Cards:
    """Return FILTER, AIRMASS, SEEING (arcsec), SUNELONG, MANGLE (degrees) and the WCS (TPV)."""
    exposure = observation.exposure
    return {
        "FILTER": exposure.band,
        "AIRMASS": 1.0 + min(rng.exponential(0.22), 1.2),
        "SUNELONG": observation.place.elongation,
        "MANGLE": math.degrees(math.acos(rng.uniform(-0.98, 0.98))),
        "SEEING": exposure.fwhm * exposure.camera.pixel * (1 + rng.normal(0.0, 0.03)),
        **wcs(observation),
    }


def wcs(observation: Observation) -> Cards:
    """Return the cards of a stamp around the detection, row 0 in the south and column 0 east."""
    place, side = observation.place, observation.camera.side
    pixel, middle = observation.camera.pixel / 3600.0, (side + 1) / 2
    return {
        "CTYPE1": "RA---TPV",
        "CTYPE2": "DEC--TPV",
        "CUNIT1": "deg",
        "CUNIT2": "deg",
        "CRVAL1": place.ra,
        "CRVAL2": place.dec,
        "CRPIX1": middle,
        "CRPIX2": middle,
        "CD1_1": -pixel,
        "CD1_2": 0.0,
        "CD2_1": 0.0,
        "CD2_2": pixel,
        "PV1_1": 1.0,
        "PV2_1": 1.0,
    }


_BUILDER = AlertBuilder(
    number=2,
    isdiffpos=isdiffpos,
    metadata=metadata,
    stamps=stamps,
)
PLUGIN = SimulatedSurvey(
    number=_BUILDER.number,
    camera=CAMERA,
    scenes_by_class=scenes.SCENES | {"SN": scenes.nearby_supernova},
    to_alert=_BUILDER.build,
)

"""The simulated LSST: LSSTCam, and alerts as they are decoded from Rubin's packets."""

from __future__ import annotations

from numpy.random import Generator

from stampapp.alerts import lsst as packets
from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.simulation import (
    lsst_detections,
    lsst_exposures,
    lsst_history,
    lsst_scenes,
    lsst_stamps,
)
from stampapp.simulation.instruments import Band, Camera, Subtraction
from stampapp.simulation.lsst_images import CalibratedImages
from stampapp.simulation.lsst_source import SourceWriter
from stampapp.simulation.observation import Observation
from stampapp.simulation.simulated_survey import SimulatedSurvey

# A first visit has no template to show.
_NO_TEMPLATE = 0.02

# The unit of pixels is one electron. Zero points and noise by the throughputs and the depths of a
# visit of 30 s in Ivezic et al. 2019, and by packets of 2026.
CAMERA = Camera(
    survey=Survey.LSST,
    side=lsst_stamps.SIDE,
    pixel=0.2,
    gain=1.0,
    saturation=1.1e5,
    background=0.0,
    bands={
        "u": Band(share=0.07, zero_point=30.55, noise=12.5),
        "g": Band(share=0.12, zero_point=32.41, noise=25.0),
        "r": Band(share=0.22, zero_point=32.19, noise=27.0),
        "i": Band(share=0.25, zero_point=31.88, noise=38.5),
        "z": Band(share=0.19, zero_point=31.49, noise=51.0),
        "y": Band(share=0.15, zero_point=30.71, noise=76.0),
    },
    seeing=0.98,
    seeing_scatter=0.19,
    template_seeing=0.88,
    frames=(2, 3, 4, 5, 6, 8, 10, 14, 20, 30, 60, 100),
    depth=-3.0,
    elongations=(55.0, 95.0),
    subtraction=Subtraction.DECORRELATED,
    sends_fading=True,
    min_dec=-75.0,
    max_dec=12.0,
    first_mjd=60980.0,
    last_mjd=62800.0,
    moffat_beta=4.8,
    resampling=0.39,
)


def to_alert(rng: Generator, observation: Observation, label: str, number: str) -> Alert | None:
    """Return the alert of an observation; None if the noise of a bright source hides it."""
    images = CalibratedImages.of(observation)
    found = lsst_detections.detect(images)
    if found is None:
        return None
    at, sky = (found.x, found.y), (observation.place.ra, observation.place.dec)
    side = max(lsst_stamps.SIDE, min(found.box, 60))
    place = lsst_stamps.draw_place(rng, at, sky, side, observation.scene.artifact or "")
    source = SourceWriter(
        rng=rng,
        observation=observation,
        detection=found,
        place=place,
        label=label,
        number=number,
    ).fields()
    stamps: dict[str, bytes | None] = {**lsst_stamps.write_stamps(rng, images, at, place)}
    if rng.random() < _NO_TEMPLATE:
        stamps["cutoutTemplate"] = None
        source |= {"templateFlux": None, "templateFluxErr": None}
    detections = lsst_history.draw_detections(rng, label, observation.scene.artifact)
    record = {
        "diaSourceId": source["diaSourceId"],
        "diaSource": source,
        "diaObject": {"nDiaSources": detections} if source["diaObjectId"] else None,
        **stamps,
    }
    return packets.decode(record)


PLUGIN = SimulatedSurvey(
    number=3,
    camera=CAMERA,
    scenes_by_class=lsst_scenes.SCENES,
    to_alert=to_alert,
    draw_exposure=lsst_exposures.draw_exposure,
)

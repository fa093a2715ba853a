"""The simulated ZTF: camera, the fields that its pipeline adds, and three stamps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from numpy.random import Generator

from stampapp.alerts.surveys import Survey
from stampapp.simulation import (
    catalogues,
    detection_history,
    pan_starrs,
    scenes,
    ztf_exposures,
    ztf_measurements,
)
from stampapp.simulation.alert_builder import AlertBuilder
from stampapp.simulation.artifacts import Mask
from stampapp.simulation.instruments import Band, Camera, Subtraction
from stampapp.simulation.observation import Observation, Stamps, cut_stamp
from stampapp.simulation.populations import BogusCauses, Objects, Surroundings
from stampapp.simulation.simulated_survey import SimulatedSurvey

# Chosen such that magnitudes, changes, latitudes, residuals and neighbours are distributed as in
# public alerts. Bright variable stars are of the disc; at high latitudes they are mostly RR Lyrae
# stars of 16 to 18 mag, as bright as the nuclei that they are taken for.
OBJECTS = Objects(
    variable=(15.3, 2.1),
    amplitude=(0.12, 0.9),
    pulsating=0.27,
    pulsator=(17.1, 1.2),
    pulsation=(0.4, 0.5),
    brightening=2.2,
    nucleus=(19.5, 1.0),
    pointlike=0.68,
    nuclear_share=(0.1, 0.85),
    host_excess=1.2,
    flicker=0.22,
    flicker_scatter=0.5,
    fainter_flicker=0.07,
    least_snr=3.5,
    host=(18.1, 1.6),
    host_offset=1.1,
)
BOGUS_CAUSES = BogusCauses(
    artifacts={
        "residual": 0.4,
        "noise": 0.15,
        "cosmic ray": 0.04,
        "column": 0.04,
        "spike": 0.03,
        "ghost": 0.03,
        "edge": 0.04,
    },
    flux_scale_cloudy=2.2,
    flux_scale_clear=1.4,
    strength=0.7,
    excess=(2.3, 1.6),
    misregistration=0.04,
    psf_error=0.04,
    flux_scale_excess=1.25,
    flux_scale_shift=0.04,
)
SURROUNDINGS = Surroundings(
    stars=1.5,
    scatter=0.7,
    star_slope=0.3,
    galaxies=0.8,
    in_disc={"VS": 0.96, "bogus": 0.4},
    inner_galaxy=0.8,
)
# Bellm et al. 2019 and Dekany et al. 2020; noise and seeing as in public alerts.
CAMERA = Camera(
    survey=Survey.ZTF,
    side=63,
    pixel=1.01,
    gain=6.2,
    saturation=5.0e4,
    background=200.0,
    bands={
        "g": Band(share=0.38, zero_point=26.25, noise=10.8),
        "r": Band(share=0.58, zero_point=26.25, noise=12.0),
        "i": Band(share=0.04, zero_point=25.8, noise=12.5),
    },
    seeing=2.6,
    seeing_scatter=0.34,
    template_seeing=2.1,
    frames=(15, 15, 15, 20, 30, 40),
    depth=0.0,
    elongations=None,
    subtraction=Subtraction.PROPER,
    sends_fading=True,
    min_dec=-28.0,
    max_dec=85.0,
    first_mjd=58200.0,
    last_mjd=61300.0,
    moffat_beta=2.6,
    template_beta=2.4,
    template_correlation=(0.2, -0.12),
    row_correlation=(-0.045,),
    fit_area=(27.0, 7.2),
    objects=OBJECTS,
    bogus_causes=BOGUS_CAUSES,
    surroundings=SURROUNDINGS,
)
# The number of alerts in an exposure is proportional to 10 ** (this * its limiting magnitude), by
# class; that of variable stars, which are bright, does not depend on it.
_DEPTH_SLOPES = {"AGN": 0.5, "SN": 0.6, "asteroid": 0.4, "bogus": -0.12}
# The scatter in pixels of the position around which stamps are cut.
_CENTRING = 0.18


def metadata(rng: Generator, observation: Observation, label: str) -> Mapping[str, float]:
    """Return the limits of the image, neighbours in two catalogues, and the detection history."""
    exposure, at = observation.exposure, (observation.detection.x, observation.detection.y)
    known = observation.scene.catalogue_sources or ()
    return {
        **ztf_measurements.image_limits(rng, exposure),
        **catalogues.template_catalogue_fields(rng, exposure, known, at),
        **pan_starrs.pan_starrs_fields(rng, exposure, known, at),
        **detection_history.draw_detection_history(rng, exposure.camera, label, exposure.mjd),
    }


def stamps(rng: Generator, observation: Observation, missing: Mask) -> Stamps:
    """Return the stamps; for a negative detection the difference is template minus science."""
    background = observation.exposure.background
    observation = _centred_anew(rng, observation)
    return {
        "science": cut_stamp(observation, observation.science + background, missing),
        "template": cut_stamp(observation, observation.template + background, missing),
        "difference": cut_stamp(
            observation, observation.difference * observation.detection.sign, missing
        ),
    }


def _centred_anew(rng: Generator, observation: Observation) -> Observation:
    """Return the observation with the position around which stamps are cut: not quite the peak."""
    found = observation.detection
    dx, dy = rng.normal(0.0, _CENTRING, 2)
    return replace(observation, detection=replace(found, x=found.x + dx, y=found.y + dy))


_BUILDER = AlertBuilder(
    number=1,
    isdiffpos=lambda detection: detection.sign,
    metadata=metadata,
    stamps=stamps,
    measure=ztf_measurements.measure,
)
PLUGIN = SimulatedSurvey(
    number=_BUILDER.number,
    camera=CAMERA,
    scenes_by_class={
        label: ztf_exposures.in_weighted_exposure(draw_scene, _DEPTH_SLOPES.get(label, 0.0))
        for label, draw_scene in scenes.SCENES.items()
    },
    to_alert=_BUILDER.build,
    draw_exposure=ztf_exposures.draw_exposure,
)

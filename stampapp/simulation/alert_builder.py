"""Build the alerts of surveys whose pipelines measure magnitudes, widths and a real-bogus score."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from numpy.random import Generator

from stampapp.alerts.alert import Alert
from stampapp.alerts.simulated_names import simulated_aid, simulated_oid
from stampapp.simulation import artifacts, measurements
from stampapp.simulation.artifacts import Mask
from stampapp.simulation.catalogues import NO_VALUE
from stampapp.simulation.detections import Detection
from stampapp.simulation.exposures import Exposure
from stampapp.simulation.image_model import GRID
from stampapp.simulation.observation import Observation, Stamps

Measure = Callable[[Generator, Exposure, Detection, float, str], dict[str, float] | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertBuilder:
    """Builds alerts.

    `number` is that of the survey, in candids. `isdiffpos` returns that field for a detection.
    `measure` takes an exposure, a detection, the template's light under it and the class; it
    returns the fields that the pipeline measures, or None where it sends no alert. The light is
    that of the template's pixel in DN times the area of the PSF: about twice the flux of a star.
    `metadata` takes an observation and the class; it returns the other `extra_fields`. `stamps`
    takes an observation and the missing pixels.
    """

    number: int
    isdiffpos: Callable[[Detection], int]
    metadata: Callable[[Generator, Observation, str], Mapping[str, float]]
    stamps: Callable[[Generator, Observation, Mask], Stamps]
    measure: Measure = measurements.measure

    def build(
        self, rng: Generator, observation: Observation, label: str, number: str
    ) -> Alert | None:
        """Return the alert of an observation, None if there is none; `number` has 15 digits."""
        exposure, survey = observation.exposure, observation.camera.survey
        values = self._measured_fields(rng, observation, label)
        if values is None:
            return None
        return Alert(
            aid=simulated_aid(survey, number),
            oid=simulated_oid(survey, number),
            candid=f"{self.number}{number}",
            survey=survey,
            mjd=exposure.mjd,
            fid=exposure.band,
            ra=observation.place.ra,
            dec=observation.place.dec,
            mag=values.pop("magpsf"),
            e_mag=values.pop("sigmapsf"),
            isdiffpos=self.isdiffpos(observation.detection),
            extra_fields={**values, **_solar_system_fields(rng, label)},
            stamps=self.stamps(
                rng,
                observation,
                artifacts.draw_mask(rng, observation.camera.side, observation.scene.artifact),
            ),
        )

    def _measured_fields(
        self, rng: Generator, observation: Observation, label: str
    ) -> dict[str, float] | None:
        exposure, detection = observation.exposure, observation.detection
        row, column = (GRID // 2 + round(value) for value in (detection.y, detection.x))
        under = float(observation.template[row, column]) * exposure.point_area
        measured = self.measure(rng, exposure, detection, under, label)
        if measured is None:
            return None
        return {
            **measured,
            "scorr": detection.snr,
            **self.metadata(rng, observation, label),
        }


def _solar_system_fields(rng: Generator, label: str) -> dict[str, object]:
    """Return the nearest known asteroid (ssdistnr, ssmagnr): most simulated asteroids are known."""
    if label == "asteroid" and rng.random() < 0.75:
        return {"ssdistnr": abs(rng.normal(0, 0.7)), "ssmagnr": rng.uniform(16, 20.5)}
    return {"ssdistnr": NO_VALUE, "ssmagnr": NO_VALUE, "ssnamenr": "null"}

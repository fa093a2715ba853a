"""The type of a survey's file in this package: how its alerts are simulated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from numpy.random import Generator

from stampapp.alerts.surveys import Survey, plugin
from stampapp.simulation.artifacts import Mask
from stampapp.simulation.detections import Detection
from stampapp.simulation.instruments import Camera
from stampapp.simulation.observation import Observation, Stamps
from stampapp.simulation.scenes import DrawScene


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatedSurvey:
    """How the alerts of a survey are simulated.

    `number` tells its random numbers and candids from those of other surveys: it never changes.
    `scenes_by_class` draws the scene of an object of each class. `isdiffpos` is what an alert of a
    detection says. `metadata` takes an observation and the class; it returns the `extra_fields`
    beyond those that every survey measures. `stamps` takes an observation and the missing pixels.
    """

    number: int
    camera: Camera
    scenes_by_class: Mapping[str, DrawScene]
    isdiffpos: Callable[[Detection], int]
    metadata: Callable[[Generator, Observation, str], Mapping[str, float]]
    stamps: Callable[[Generator, Observation, Mask], Stamps]


def simulated_survey(survey: Survey) -> SimulatedSurvey:
    """Return how the alerts of a survey are simulated."""
    return plugin("simulation", survey, SimulatedSurvey)

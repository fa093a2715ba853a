"""The interface of a survey's simulation, which its module in this package implements."""

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

    `number` separates its random numbers and candids from those of other surveys; never change it.
    `scenes_by_class` draws the scene of an object of each class. `isdiffpos` returns that field for
    a detection. `metadata` takes an observation and the class; it returns the `extra_fields`
    beyond those that every survey measures. `stamps` takes an observation and the missing pixels.
    """

    number: int
    camera: Camera
    scenes_by_class: Mapping[str, DrawScene]
    isdiffpos: Callable[[Detection], int]
    metadata: Callable[[Generator, Observation, str], Mapping[str, float]]
    stamps: Callable[[Generator, Observation, Mask], Stamps]


def simulated_survey(survey: Survey) -> SimulatedSurvey:
    """Return the simulation of a survey."""
    return plugin("simulation", survey, SimulatedSurvey)

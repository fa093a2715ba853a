"""What each survey says about its simulation, in the file of its name beside this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from numpy.random import Generator

from stampapp.alerts.surveys import Survey, plugin
from stampapp.simulation.artifacts import Mask
from stampapp.simulation.detections import Detection
from stampapp.simulation.instruments import Camera
from stampapp.simulation.observation import Shot, Stamps
from stampapp.simulation.scenes import Story


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatedSurvey:
    """How the alerts of a survey are simulated.

    `number` tells its random numbers and candids from those of other surveys: it never changes.
    `stories` draws the scene of an object of each class. `isdiffpos` is what an alert of a
    detection says. `metadata` returns the `extra_fields` beyond those that every survey measures;
    it takes a shot and the class. `stamps` takes a shot and the pixels that have no data.
    """

    number: int
    camera: Camera
    stories: Mapping[str, Story]
    isdiffpos: Callable[[Detection], int]
    metadata: Callable[[Generator, Shot, str], Mapping[str, float]]
    stamps: Callable[[Generator, Shot, Mask], Stamps]


def simulated_survey(survey: Survey) -> SimulatedSurvey:
    """Return how the alerts of a survey are simulated."""
    return plugin("simulation", survey, SimulatedSurvey)

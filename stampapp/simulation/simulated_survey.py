"""The interface of a survey's simulation, which its module in this package implements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from numpy.random import Generator

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey, plugin
from stampapp.simulation import exposures
from stampapp.simulation.exposures import Exposure
from stampapp.simulation.instruments import Camera
from stampapp.simulation.observation import Observation
from stampapp.simulation.scene import DrawScene


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatedSurvey:
    """How the alerts of a survey are simulated.

    `number` separates its random numbers and candids from those of other surveys; never change it.
    `scenes_by_class` draws the scene of an object of each class. `to_alert` takes an observation,
    the class and a text of 15 digits that names the alert; it returns the alert, or None where the
    survey would not have sent one.
    """

    number: int
    camera: Camera
    scenes_by_class: Mapping[str, DrawScene]
    to_alert: Callable[[Generator, Observation, str, str], Alert | None]
    draw_exposure: Callable[[Generator, Camera], Exposure] = exposures.draw_exposure


def simulated_survey(survey: Survey) -> SimulatedSurvey:
    """Return the simulation of a survey."""
    return plugin("simulation", survey, SimulatedSurvey)

"""The type of a survey's file in this package: its rules, and what a model needs of an alert."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey, plugin
from stampapp.classifiers.base import Classifier, Decision, PreparedAlert
from stampapp.classifiers.model_folder.description import ModelDescription
from stampapp.config.model_settings import ModelSettings
from stampapp.features import metadata
from stampapp.features.images import crop_centre
from stampapp.stamps import fits_image


class InputSpec(Protocol):
    """The features and stamps that a model needs; a ModelDescription is one."""

    @property
    def features(self) -> Sequence[metadata.Feature]: ...
    @property
    def stamps(self) -> Sequence[str]: ...
    @property
    def stamp_shape(self) -> tuple[int, int]: ...
    @property
    def crop(self) -> int: ...


def extract_inputs(alert: Alert, spec: InputSpec) -> PreparedAlert:
    """Check the features that a model needs, and decode and crop its stamps. Raises BadAlert."""
    metadata.check_fields(alert, metadata.required_fields(spec.features))
    crops = (
        crop_centre(
            fits_image.read_pixels(alert.stamps.get(name), spec.stamp_shape, name), spec.crop
        )
        for name in spec.stamps
    )
    return PreparedAlert(alert=alert, crops=tuple(crops))


def no_check(_: ModelDescription) -> None:
    """Accept every model."""


def no_decision(_: Alert) -> Decision | None:
    """Leave every alert to the network."""
    return None


def no_veto(_: Alert, class_name: str) -> str | None:  # noqa: ARG001
    """Accept every result."""
    return None


def no_package(_: ModelSettings) -> Classifier | None:
    """Use a model folder: the survey has no package of its own."""
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class SurveyRules:
    """The rules of a survey, and how its models read an alert.

    `classes` are spelled as in its models. `check_description` raises ConfigError for a model that
    does not fit the survey. `extract_inputs` returns the inputs of a model, independent of the
    rules, or raises BadAlert. `decide` gives an alert of a known solar-system object its class
    without the network, unless SOLAR_SYSTEM_RULE is false. `veto` returns why a result of a class
    is ruled out, or None. `load_package` returns the classifier of an installed package, if there
    is one. `model_sources` is a message for users: how to get a model into `{folder}`, and
    `production_advice` what to do before a model for simulated alerts classifies real ones.
    """

    survey: Survey
    classes: tuple[str, ...]
    model_sources: str
    production_advice: str = "for production use the published weights"
    check_description: Callable[[ModelDescription], None] = no_check
    extract_inputs: Callable[[Alert, InputSpec], PreparedAlert] = extract_inputs
    decide: Callable[[Alert], Decision | None] = no_decision
    veto: Callable[[Alert, str], str | None] = no_veto
    load_package: Callable[[ModelSettings], Classifier | None] = no_package

    def spelled(self, class_name: str) -> str:
        """Return a class as the survey spells it: what is AGN to one is agn to the other."""
        spelling = {name.casefold(): name for name in self.classes}
        return spelling.get(class_name.casefold(), class_name)


def survey_rules(survey: Survey) -> SurveyRules:
    """Return the rules of a survey."""
    return plugin("classifiers", survey, SurveyRules)

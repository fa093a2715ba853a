"""Load the classifier of a survey; what it needs is imported on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stampapp.classifiers.base import Classifier
from stampapp.config.model_settings import ModelSettings
from stampapp.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from stampapp.classifiers.model_folder.description import ModelDescription


def load(model: ModelSettings) -> Classifier:
    """Load the classifier of a survey. Raises ConfigError where its model cannot be used.

    A survey's installed package is preferred to the default model folder, but not to MODEL_PATH.
    """
    from stampapp.classifiers.survey_rules import survey_rules

    package = None if model.path_is_set else survey_rules(model.survey).load_package(model)
    return package or _load_folder(model)


def _load_folder(model: ModelSettings) -> Classifier:
    description = _description(model)
    from stampapp.classifiers.network.engines import load_network
    from stampapp.classifiers.survey_classifier import NetworkClassifier

    loaded = load_network(model.path, description, model.compute)
    classifier = NetworkClassifier(
        description,
        loaded.network,
        name=model.name or description.name,
        version=model.version or description.version,
        provenance=_provenance(description, model.path),
    )
    classifier.solar_system_rule = model.solar_system_rule
    classifier.engine, classifier.device = loaded.engine, loaded.device
    classifier.precision = model.compute.precision
    return classifier


def _description(model: ModelSettings) -> ModelDescription:
    from stampapp.classifiers.model_folder import store
    from stampapp.classifiers.survey_rules import survey_rules

    try:
        description = store.read_description(model.path)
    except ConfigError as error:
        sources = survey_rules(model.survey).model_sources.format(folder=model.path)
        raise ConfigError(f"{error}; {sources}") from error
    if description.survey is not model.survey:
        raise ConfigError(
            f"the model in {model.path} is for {description.survey}, CLASSIFIER_STRATEGY is "
            f"{model.survey}: set MODEL_PATH to a model for {model.survey}"
        )
    return description


def _provenance(description: ModelDescription, path: Path) -> str:
    from stampapp.classifiers.model_folder.description import Origin
    from stampapp.classifiers.survey_rules import survey_rules

    source = f"a model {description.origin}, from {path}"
    if description.origin is Origin.SIMULATED:
        return f"{source}; {survey_rules(description.survey).production_advice}"
    return source

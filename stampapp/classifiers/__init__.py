"""Load the classifier of a survey; what it needs is imported on demand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stampapp.classifiers.base import Classifier
from stampapp.classifiers.model_source import local_folder
from stampapp.config.model_address import ModelAddress
from stampapp.config.model_settings import ModelSettings
from stampapp.errors import ConfigError

if TYPE_CHECKING:
    from stampapp.classifiers.model_folder.description import ModelDescription


def load(model: ModelSettings) -> Classifier:
    """Load the classifier of a survey. Raises ConfigError where its model cannot be used.

    A survey's installed package is preferred to the default model folder, but not to MODEL_PATH.
    What MODEL_PATH names by its address is fetched.
    """
    from stampapp.classifiers.survey_rules import survey_rules

    package = None if model.path_is_set else survey_rules(model.survey).load_package(model)
    return package or _load_folder(model)


def _load_folder(model: ModelSettings) -> Classifier:
    folder = local_folder(model.path, model.download)
    description = _description(model, folder)
    from stampapp.classifiers.network.engines import load_network
    from stampapp.classifiers.survey_classifier import NetworkClassifier

    loaded = load_network(folder, description, model.compute)
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


def _description(model: ModelSettings, folder: Path) -> ModelDescription:
    from stampapp.classifiers.model_folder import store
    from stampapp.classifiers.survey_rules import survey_rules

    try:
        description = store.read_description(folder)
    except ConfigError as error:
        if folder.is_file():
            # The error says what to do with it.
            raise
        sources = survey_rules(model.survey).model_sources.format(folder=folder)
        raise ConfigError(f"{error}; {sources}") from error
    if description.survey is not model.survey:
        raise ConfigError(
            f"the model in {model.path} is for {description.survey}, CLASSIFIER_STRATEGY is "
            f"{model.survey}: set {model.path_key} to a model for {model.survey}"
        )
    return description


def _provenance(description: ModelDescription, path: Path | ModelAddress) -> str:
    from stampapp.classifiers.model_folder.description import Origin
    from stampapp.classifiers.survey_rules import survey_rules

    source = f"a model {description.origin}, from {path}"
    if description.origin is Origin.SIMULATED:
        return f"{source}; {survey_rules(description.survey).production_advice}"
    return source

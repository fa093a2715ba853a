"""Strategy name → classifier, imported on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.base import Classifier
from stampapp.config.settings import ModelSettings
from stampapp.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from stampapp.classifiers.model_folder.description import ModelDescription
    from stampapp.classifiers.survey_classifier import NetworkClassifier


def load(model: ModelSettings) -> Classifier:
    """Load the classifier of a survey. Raises ConfigError where its model cannot be used.

    ATLAS alerts go to the installed package, unless somebody has chosen a model folder.
    """
    if model.survey is Survey.ATLAS and not model.chosen:
        from stampapp.classifiers import atlas_package

        if atlas_package.installed():
            return atlas_package.load(model)
    return _of_folder(model)


def _of_folder(model: ModelSettings) -> Classifier:
    from stampapp.classifiers.model_folder import store

    description = store.read_description(model.path)
    if description.survey is not model.survey:
        raise ConfigError(
            f"the model in {model.path} is for {description.survey}, CLASSIFIER_STRATEGY is "
            f"{model.survey}: set MODEL_PATH to a model for {model.survey}"
        )
    from stampapp.classifiers.network import devices
    from stampapp.classifiers.network.network import Network

    device = devices.prepare(model.engine)
    classifier = _of_survey(model.survey)(
        description,
        Network.load(model.path, description, precision=model.engine.precision),
        name=model.name or description.name,
        version=model.version or description.version,
        provenance=_provenance(description, model.path),
    )
    classifier.device, classifier.precision = devices.name(device), model.engine.precision
    return classifier


def _provenance(description: ModelDescription, path: Path) -> str:
    from stampapp.classifiers.model_folder.description import Origin

    said = f"a model {description.origin}, from {path}"
    if description.origin is Origin.SIMULATED:
        return f"{said}; it has never seen the sky: for production take the published weights"
    return said


def _of_survey(survey: Survey) -> type[NetworkClassifier]:
    if survey is Survey.ATLAS:
        from stampapp.classifiers.atlas import ATLASClassifier

        return ATLASClassifier
    from stampapp.classifiers.ztf import ZTFClassifier

    return ZTFClassifier

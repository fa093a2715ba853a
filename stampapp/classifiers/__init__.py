"""Strategy name → classifier, imported on demand."""

from __future__ import annotations

from stampapp.classifiers.base import Classifier
from stampapp.errors import ConfigError
from stampapp.records import Survey
from stampapp.settings import ModelSettings


def load(model: ModelSettings) -> Classifier:
    """Load the classifier of a survey. Raises ConfigError where its model cannot be used."""
    if model.survey is not Survey.ZTF:
        raise ConfigError(f"CLASSIFIER_STRATEGY={model.survey}: this release classifies ZTF only")
    from stampapp.classifiers import modelstore
    from stampapp.classifiers.ztf import ZTFClassifier

    description = modelstore.read_description(model.path)
    from stampapp.classifiers.network import Network

    return ZTFClassifier(
        description,
        Network.load(model.path, description),
        name=model.name or description.name,
        version=model.version or description.version,
    )

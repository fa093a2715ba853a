"""Load a model beside the live one, and classify with it what the live one has classified."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from stampapp import classifiers
from stampapp.classifiers import batch
from stampapp.classifiers.base import Classifier
from stampapp.config.model_settings import ModelSettings
from stampapp.errors import ConfigError
from stampapp.results.outcome import Outcome

_HASHES = 2**32


def load_shadow(model: ModelSettings, live: Classifier) -> Classifier:
    """Load a model beside `live`.

    Raises ConfigError that names its setting where it cannot be used, or has other classes.
    """
    try:
        found = classifiers.load(model)
    except ConfigError as error:
        raise ConfigError(f"{model.path_key}: {error}") from error
    if set(found.classes) != set(live.classes):
        raise ConfigError(
            f"{model.path_key}: the model in {model.path} has the classes"
            f" {', '.join(found.classes)}, the live one {', '.join(live.classes)}: give it a model"
            " with the same classes"
        )
    return found


def is_in_share(aid: str, share: float) -> bool:
    """Return whether an object is among this share (0 to 1) of all: the same in every worker."""
    return zlib.crc32(aid.encode()) < share * _HASHES


def classify_again(live: Sequence[Outcome], shadow: Classifier) -> list[Outcome]:
    """Return the shadow model's outcome of each alert that the live model has classified."""
    alerts = [one.alert for one in live if one.alert]
    prepared = batch.prepare_batch(alerts, shadow, first_only=False)
    return batch.classify_batch(prepared, shadow)

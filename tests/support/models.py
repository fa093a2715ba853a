"""A model for ATLAS whose weights are random: it has an answer to everything, and no idea."""

from __future__ import annotations

import warnings
from pathlib import Path

from stampapp.classifiers.modelstore import ModelDescription, write_model
from tests.support.atlas import description

FEATURES = ("filter", "airmass", "seeing", "sunelong", "mangle", "magpsf", "ecl_lat", "ra", "rb")


def write_atlas(folder: Path, seed: int = 5) -> ModelDescription:
    """Write the model folder, with a crop of 31 pixels and all features that a header gives."""
    # They take seconds to import, and most tests do without.
    from stampapp.classifiers.backend import keras
    from stampapp.classifiers.deephits import build

    keras.utils.set_random_seed(seed)
    described = description(*FEATURES, crop=31)
    network = build(3, len(FEATURES), len(described.classes), described.crop, n_channels=2)
    with warnings.catch_warnings():
        # Saving in Keras 3.15 trips over a deprecation of numpy 2.4: theirs to mend.
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        return write_model(folder, described, network.save)

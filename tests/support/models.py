"""Models with random weights."""

from __future__ import annotations

import warnings
from pathlib import Path

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.model_folder.store import ModelDescription, write_model
from tests.support.atlas import description

FEATURES = ("filter", "airmass", "seeing", "sunelong", "mangle", "magpsf", "ecl_lat", "ra", "rb")
LSST_FEATURES = ("magpsf", "sigmapsf", "isdiffpos", "gal_lat", "psfFlux", "psfFluxErr")
ZTF_FEATURES = ("sgscore1", "distpsnr1", "isdiffpos", "fwhm", "magpsf", "gal_lat", "non_detections")


def write_atlas(folder: Path, seed: int = 5) -> ModelDescription:
    """Write the model folder, with a crop of 31 pixels and all features that a header gives."""
    return write_random(folder, description(*FEATURES, crop=31), seed)


def write_ztf(folder: Path, seed: int = 5) -> ModelDescription:
    """Write the model folder, with features of each kind."""
    described = description(
        *ZTF_FEATURES,
        name="tried_on_ztf",
        survey=Survey.ZTF,
        classes=("AGN", "SN", "VS", "asteroid", "bogus"),
        stamps=("science", "template", "difference"),
        stamp_shape=(63, 63),
    )
    return write_random(folder, described, seed)


def write_lsst(folder: Path, seed: int = 5) -> ModelDescription:
    """Write the model folder, with features that an alert of any version has."""
    described = description(
        *LSST_FEATURES,
        name="tried_on_lsst",
        survey=Survey.LSST,
        classes=("AGN", "SN", "VS", "asteroid", "bogus"),
        stamps=("science", "template", "difference"),
        stamp_shape=(30, 30),
    )
    return write_random(folder, described, seed)


def write_random(folder: Path, described: ModelDescription, seed: int = 5) -> ModelDescription:
    """Write a model folder of this description."""
    # They take seconds to import, and most tests do without.
    from stampapp.classifiers.network.deephits import build_network
    from stampapp.classifiers.network.network import Network
    from stampapp.classifiers.network.reference_answers import answer_self_test
    from stampapp.classifiers.network.tensorflow import keras

    keras.utils.set_random_seed(seed)
    network = build_network(
        described.kernel,
        len(described.features),
        len(described.classes),
        described.crop,
        n_channels=len(described.stamps),
    )
    with warnings.catch_warnings():
        # Saving in Keras 3.15 triggers a deprecation warning of numpy 2.4.
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        answers = answer_self_test(Network(network), described)
        return write_model(folder, described, network.save, answers)

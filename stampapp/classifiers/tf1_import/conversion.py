"""Make a Keras network from a published checkpoint."""

from __future__ import annotations

from pathlib import Path

from stampapp.classifiers.model_folder.description import ModelDescription
from stampapp.classifiers.model_folder.self_test import SelfTest
from stampapp.classifiers.network import deephits, reference_answers
from stampapp.classifiers.network.network import Network
from stampapp.classifiers.network.tensorflow import keras
from stampapp.classifiers.tf1_import.weights import Variables, kernel_side, transfer_weights


def build_network(
    prefix: Path, n_features: int, n_classes: int, side: int, channels: int
) -> tuple[int, keras.Model]:
    """Return the side of the inner convolutions, in pixels, and the network with its weights.

    `prefix` is the path of the checkpoint's files without their suffixes; an image has `side` x
    `side` pixels and `channels` channels. Raises ConfigError if the files are damaged or do not
    fit the graph.
    """
    variables = Variables(prefix)
    kernel = kernel_side(variables)
    model = deephits.build_network(kernel, n_features, n_classes, side, channels)
    transfer_weights(variables, model)
    return kernel, model


def answer_self_test(model: keras.Model, description: ModelDescription) -> SelfTest:
    """Return the self-test of a network."""
    return reference_answers.answer_self_test(Network(model), description)

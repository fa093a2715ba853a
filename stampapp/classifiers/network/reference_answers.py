"""Let TensorFlow answer the self-test of a network."""

from __future__ import annotations

from stampapp.classifiers.model_folder.description import ModelDescription
from stampapp.classifiers.model_folder.self_test import SelfTest, example_inputs
from stampapp.classifiers.network.network import Network


def answer_self_test(network: Network, description: ModelDescription) -> SelfTest:
    """Return the inputs of the self-test with the probabilities that TensorFlow gives for them."""
    images, features = example_inputs(description)
    probabilities = network.predict(images, features)
    return SelfTest(images=images, features=features, probabilities=probabilities)

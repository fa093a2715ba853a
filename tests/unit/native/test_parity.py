"""The native engine against TensorFlow, with the same weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stampapp.native.engine import NativeNetwork, instruction_sets
from tests.support.native_networks import random_batch, random_weights
from tests.support.tensorflow_networks import tensorflow_network

TOLERANCE = 1e-5
SHAPES: list[dict[str, Any]] = [
    {"kernel": 3, "crop": 21, "features": 26},
    {"kernel": 5, "crop": 21, "features": 26},
    {"kernel": 3, "crop": 31, "channels": 1, "classes": 4},
    {"kernel": 5, "crop": 23, "channels": 2, "classes": 3},
    {"kernel": 3, "crop": 30, "channels": 3, "features": 9},
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_both_engines_give_the_same_probabilities(shape: dict[str, Any]) -> None:
    weights = random_weights(**shape)
    images, features = random_batch(weights, 50)
    images[1], images[2], images[3, :10, :10], images[4] = 0.0, 1.0, 1.0, -1.0
    expected = tensorflow_network(weights).predict(images, features)
    for name in instruction_sets():
        found = NativeNetwork(weights, name).predict(images, features)
        np.testing.assert_allclose(found, expected, atol=TOLERANCE, rtol=0, err_msg=name)


@pytest.mark.parametrize("kernel", [3, 5])
def test_both_engines_agree_on_batches_of_any_size(kernel: int) -> None:
    weights = random_weights(kernel)
    reference, network = tensorflow_network(weights), NativeNetwork(weights)
    for n in (0, 1, 2, 3, 7, 50, 128, 600):
        batch = random_batch(weights, n, seed=n)
        expected = reference.predict(*batch)
        np.testing.assert_allclose(network.predict(*batch), expected, atol=TOLERANCE, rtol=0)

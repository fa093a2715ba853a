from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from stampapp.errors import ConfigError
from stampapp.native.weights import Layer, NetworkWeights
from tests.support.native_networks import random_weights

WEIGHTS = random_weights(features=7, channels=2, crop=23, classes=3)


def zeros(*shape: int) -> Layer:
    return Layer(kernel=np.zeros(shape, np.float32), bias=np.zeros(shape[-1], np.float32))


def test_the_sizes_of_a_network_follow_from_its_arrays() -> None:
    assert (WEIGHTS.channels, WEIGHTS.kernel, WEIGHTS.features, WEIGHTS.classes) == (2, 3, 7, 3)
    assert list(WEIGHTS.layers) == [
        *("conv_1", "conv_2", "conv_3", "conv_4", "conv_5"),
        *("dense_1", "dense_2", "dense_3", "output"),
    ]


def test_the_arrays_stand_in_the_order_of_the_network() -> None:
    assert len(WEIGHTS.arrays) == 20
    assert WEIGHTS.arrays[0] is WEIGHTS.convolutions[0].kernel
    assert WEIGHTS.arrays[11] is WEIGHTS.dense_1.bias
    assert WEIGHTS.arrays[12] is WEIGHTS.feature_scale
    assert WEIGHTS.arrays[14] is WEIGHTS.dense_2.kernel


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"crop": 31}, r"dense_1's kernel has the shape \(2304, 64\), not \(4096, 64\)"),
        ({"crop": -3}, r"dense_1's kernel has the shape \(2304, 64\), not \(0, 64\)"),
        ({"convolutions": WEIGHTS.convolutions[:4]}, "the network has 4 convolutions, not 5"),
        (
            {"convolutions": (zeros(5, 5, 2, 32), *WEIGHTS.convolutions[1:])},
            r"conv_1's kernel has the shape \(5, 5, 2, 32\), not \(4, 4, 2, 32\)",
        ),
        (
            {"convolutions": (*WEIGHTS.convolutions[:4], zeros(3, 5, 64, 64))},
            r"conv_5's kernel has the shape \(3, 5, 64, 64\), not \(3, 3, 64, 64\)",
        ),
        (
            {"dense_3": Layer(kernel=WEIGHTS.dense_3.kernel, bias=np.zeros(63, np.float32))},
            r"dense_3's bias has the shape \(63,\), not \(64,\)",
        ),
        ({"dense_2": zeros(70, 64)}, r"dense_2's kernel has the shape \(70, 64\), not \(71, 64\)"),
        (
            {"feature_shift": np.zeros(6, np.float32)},
            r"the shift of the features has the shape \(6,\), not \(7,\)",
        ),
        (
            {"feature_scale": np.ones(7)},
            "the scale of the features is float64 in 1 dimensions, not float32 in 1",
        ),
        (
            {"output": zeros(64)},
            "output's kernel is float32 in 1 dimensions, not float32 in 2",
        ),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(WEIGHTS, **change)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("number", [0, 1, 12, 19])
def test_weights_that_are_not_finite_are_refused(number: int, value: float) -> None:
    weights = random_weights(crop=5, filters=(1, 1, 1, 1, 1), units=(1, 1, 1))
    weights.arrays[number].flat[-1] = value
    changes = {name: getattr(weights, name) for name in NetworkWeights.__dataclass_fields__}
    with pytest.raises(ConfigError, match="has values that are not finite"):
        NetworkWeights(**changes)

"""Networks of any sizes, as a damaged or hostile model folder may describe them."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stampapp.errors import ConfigError
from stampapp.native.engine import NativeNetwork
from stampapp.native.weights import Layer, NetworkWeights
from tests.support.native_networks import random_batch

SMALL = st.integers(1, 3)


def layer(*shape: int) -> Layer:
    # The same numbers in every run, around zero.
    values = np.sin(np.arange(np.prod(shape), dtype=np.float32)).reshape(shape)
    return Layer(kernel=values, bias=np.full(shape[-1], 0.1, np.float32))


@st.composite
def networks(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments for NetworkWeights; half of them have valid sizes only."""
    valid = draw(st.booleans())

    def size(usual: st.SearchStrategy[int], *others: int) -> int:
        return draw(usual if valid else st.one_of(usual, usual, st.sampled_from(others)))

    crop = size(st.integers(1, 12), -1_000_000, -4, 0, 128, 129)
    kernel = size(st.sampled_from([3, 5]), 0, 1, 2, 4, 7)
    widths = [size(SMALL, 0, 16, 17), *(size(SMALL, 0, 64, 257) for _ in range(5))]
    units = [size(SMALL, 0, 1024, 1025) for _ in range(3)]
    features, classes = size(st.integers(0, 9), 1025), size(SMALL, 0, 1025)
    side = max(crop + 3, 0) // 4
    layers = [
        layer(4, 4, *widths[:2]),
        *(layer(kernel, kernel, *widths[i : i + 2]) for i in range(1, 5)),
        layer(side * side * widths[5], units[0]),
        layer(units[0] + features, units[1]),
        layer(units[1], units[2]),
        layer(units[2], classes),
    ]
    if not valid and draw(st.booleans()):
        shape = draw(st.lists(st.integers(0, 4), min_size=1, max_size=5))
        layers[draw(st.integers(0, 8))] = layer(*shape)
    scale = np.full(features, 0.5, np.float32)
    names = ("dense_1", "dense_2", "dense_3", "output")
    return {
        "crop": crop,
        "convolutions": tuple(layers[:5]),
        "feature_scale": scale,
        "feature_shift": scale,
        **dict(zip(names, layers[5:], strict=True)),
    }


@given(arguments=networks(), n=st.integers(0, 8))
def test_a_network_is_refused_or_gives_probabilities(arguments: dict[str, Any], n: int) -> None:
    try:
        weights = NetworkWeights(**arguments)
        network = NativeNetwork(weights)
    except ConfigError:
        return
    found = network.predict(*random_batch(weights, n))
    assert found.shape == (n, weights.classes)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)

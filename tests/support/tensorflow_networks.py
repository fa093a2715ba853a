"""The networks of tests.support.native_networks on TensorFlow."""

from __future__ import annotations

import numpy as np

from stampapp.classifiers.network.deephits import build_network
from stampapp.classifiers.network.network import Network
from stampapp.native.weights import NetworkWeights


def tensorflow_network(weights: NetworkWeights) -> Network:
    """Return TensorFlow's network with these weights, of the published filters and units."""
    model = build_network(
        weights.kernel, weights.features, weights.classes, weights.crop, weights.channels
    )
    for name, layer in weights.layers.items():
        model.get_layer("output_logits" if name == "output" else name).set_weights(
            [layer.kernel, layer.bias]
        )
    normalisation = model.get_layer("batchnorm_features")
    # Mean 0 and variance 1: what is left are scale and shift.
    root = np.sqrt(np.float32(1) + np.float32(normalisation.epsilon))
    zeros, ones = np.zeros(weights.features), np.ones(weights.features)
    normalisation.set_weights([weights.feature_scale * root, weights.feature_shift, zeros, ones])
    return Network(model)

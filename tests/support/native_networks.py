"""Deep-HiTS networks as arrays: random weights, and the network's formula in plain NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stampapp.native.weights import Layer, NetworkWeights

Array = npt.NDArray[np.float32]
Double = npt.NDArray[np.float64]

FILTERS = (32, 32, 64, 64, 64)
UNITS = (64, 64, 64)


def random_weights(
    kernel: int = 3,
    *,
    crop: int = 21,
    channels: int = 3,
    features: int = 4,
    classes: int = 5,
    filters: Sequence[int] = FILTERS,
    units: Sequence[int] = UNITS,
    seed: int = 0,
) -> NetworkWeights:
    """Return weights that keep the scale of the values from layer to layer, as trained ones do."""
    rng = np.random.default_rng(seed)

    def layer(*shape: int) -> Layer:
        scale = np.sqrt(2 / np.prod(shape[:-1]))
        values = rng.standard_normal(shape) * scale
        bias = rng.standard_normal(shape[-1]) * 0.1
        return Layer(kernel=values.astype(np.float32), bias=bias.astype(np.float32))

    inputs, side = (channels, *filters), (crop + 3) // 4
    return NetworkWeights(
        crop=crop,
        convolutions=(
            layer(4, 4, *inputs[:2]),
            *(layer(kernel, kernel, *inputs[i : i + 2]) for i in range(1, 5)),
        ),
        dense_1=layer(side * side * filters[-1], units[0]),
        feature_scale=rng.uniform(0.5, 2, features).astype(np.float32),
        feature_shift=rng.standard_normal(features).astype(np.float32),
        dense_2=layer(units[0] + features, units[1]),
        dense_3=layer(units[1], units[2]),
        output=layer(units[2], classes),
    )


def random_batch(weights: NetworkWeights, n: int, seed: int = 1) -> tuple[Array, Array]:
    """Return images and features for these weights."""
    rng = np.random.default_rng(seed)
    images = rng.random((n, weights.crop, weights.crop, weights.channels), dtype=np.float32)
    return images, rng.standard_normal((n, weights.features), dtype=np.float32)


def reference(weights: NetworkWeights, images: Array, features: Array) -> Double:
    """Return the probabilities by the formula of the network, in double precision."""
    turned = [_image_branch(weights, np.rot90(images, k, (1, 2))) for k in range(4)]
    scaled = features.astype(float) * weights.feature_scale + weights.feature_shift
    x = np.concatenate([np.mean(turned, axis=0), scaled], axis=1)
    x = _relu(_dense(weights.dense_2, x))
    x = _relu(_dense(weights.dense_3, x))
    logits = _dense(weights.output, x)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _image_branch(weights: NetworkWeights, images: Array) -> Double:
    x = np.pad(images.astype(float), ((0, 0), (3, 3), (3, 3), (0, 0)))
    border = (weights.kernel - 1) // 2
    for number, layer in enumerate(weights.convolutions):
        if number:
            x = np.pad(x, ((0, 0), (border, border), (border, border), (0, 0)))
        x = _relu(_convolution(layer, x))
        if number in (1, 4):
            x = _pooled(x)
    return _relu(_dense(weights.dense_1, x.reshape(len(x), -1)))


def _convolution(layer: Layer, x: Double) -> Double:
    windows = np.lib.stride_tricks.sliding_window_view(x, layer.kernel.shape[:2], axis=(1, 2))
    rows = windows.reshape(*windows.shape[:3], -1)
    kernel = layer.kernel.astype(float).transpose(2, 0, 1, 3)
    return np.asarray(rows @ kernel.reshape(rows.shape[-1], -1) + layer.bias)


def _pooled(x: Double) -> Double:
    n, side, _, channels = x.shape
    half = side // 2
    even = x[:, : 2 * half, : 2 * half]
    return np.asarray(even.reshape(n, half, 2, half, 2, channels).max(axis=(2, 4)))


def _dense(layer: Layer, x: Double) -> Double:
    return np.asarray(x @ layer.kernel.astype(float) + layer.bias)


def _relu(x: Double) -> Double:
    return np.maximum(x, 0)

from __future__ import annotations

import numpy as np
import pytest

from stampapp.classifiers.network.deephits import build_network
from stampapp.classifiers.network.tensorflow import keras
from stampapp.training.fitting import calibration, networks

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(6, 4)).astype(np.float32)
IMAGES = RNG.random((6, 9, 9, 2), np.float32)


@pytest.fixture
def model() -> keras.Model:
    keras.utils.set_random_seed(3)
    return build_network(1, 4, 5, crop=9, n_channels=2)


def softmax(logits: np.ndarray) -> np.ndarray:
    exponents = np.exp(logits)
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))


def test_symmetric_images_give_the_outputs_of_the_full_model(model: keras.Model) -> None:
    turned = [np.rot90(IMAGES, k, axes=(1, 2)) for k in range(4)]
    even = np.mean(turned, axis=0)
    single = networks.without_rotations(model, dropout=0.5)
    logits = np.asarray(single([even, FEATURES], training=False))
    assert np.abs(softmax(logits) - np.asarray(model([even, FEATURES]))).max() < 1e-6


def test_weights_are_shared_with_the_model(model: keras.Model) -> None:
    single = networks.without_rotations(model, dropout=0.5)
    assert {id(weight) for weight in single.weights} == {id(weight) for weight in model.weights}


def test_dropout_is_active_in_training_only(model: keras.Model) -> None:
    single = networks.without_rotations(model, dropout=0.5)
    given = [IMAGES, FEATURES]
    plain, same = (np.asarray(single(given, training=False)) for _ in range(2))
    assert np.array_equal(plain, same)
    assert not np.array_equal(np.asarray(single(given, training=True)), plain)


def test_temperature_is_applied_in_the_weights(model: keras.Model) -> None:
    before = np.asarray(model([IMAGES, FEATURES]))
    networks.scale_logits(model, 2.5)
    after = np.asarray(model([IMAGES, FEATURES]))
    assert np.abs(after - calibration.apply_temperature(before, 2.5)).max() < 1e-6
    assert np.abs(after - before).max() > 1e-3

from __future__ import annotations

import numpy as np

from stampapp.training.data import augmentation
from stampapp.training.data.augmentation import Augmentation

NOTHING = Augmentation(feature_noise=0.0, feature_dropout=0.0, blindness=0.0, pixel_noise=0.0)


def orientations(image: np.ndarray) -> list[np.ndarray]:
    turned = [np.rot90(image, k) for k in range(4)]
    return [*turned, *(one[:, ::-1] for one in turned)]


def test_images_get_one_of_eight_orientations() -> None:
    image = np.random.default_rng(0).random((5, 5, 3), np.float32)
    found = augmentation.rotate_and_flip(
        np.repeat(image[None], 400, axis=0), np.random.default_rng(1)
    )
    ways = orientations(image)
    hits = [[np.array_equal(one, way) for way in ways] for one in found]
    assert all(sum(row) == 1 for row in hits)
    assert np.sum(hits, axis=0).min() > 20


def test_images_keep_their_order() -> None:
    images = np.arange(10, dtype=np.float32)[:, None, None, None] * np.ones(
        (10, 3, 3, 1), np.float32
    )
    assert np.array_equal(augmentation.rotate_and_flip(images, np.random.default_rng(0)), images)


def test_pixel_noise_has_the_given_deviation() -> None:
    images = np.zeros((20, 21, 21, 3), np.float32)
    assert augmentation.add_noise(images, 0.0, np.random.default_rng(0)) is images
    found = augmentation.add_noise(images, 0.05, np.random.default_rng(0))
    assert abs(found.std() - 0.05) < 0.002
    assert found.dtype == np.float32


def test_features_are_unchanged_without_augmentation() -> None:
    features = np.random.default_rng(0).normal(size=(10, 4)).astype(np.float32)
    assert np.array_equal(
        augmentation.perturb_features(features, NOTHING, np.random.default_rng(1)), features
    )


def test_features_are_dropped_singly_or_all_of_an_alert() -> None:
    features = np.ones((5000, 8), np.float32)
    how = Augmentation(feature_noise=0.0, feature_dropout=0.2, blindness=0.1, pixel_noise=0.0)
    found = augmentation.perturb_features(features, how, np.random.default_rng(1))
    without_features = (found == 0).all(axis=1)
    assert abs(without_features.mean() - 0.1) < 0.02
    assert abs((found[~without_features] == 0).mean() - 0.2) < 0.02
    assert found.dtype == np.float32


def test_feature_noise_has_the_given_deviation() -> None:
    how = Augmentation(feature_noise=0.3, feature_dropout=0.0, blindness=0.0, pixel_noise=0.0)
    found = augmentation.perturb_features(
        np.ones((5000, 4), np.float32), how, np.random.default_rng(1)
    )
    assert abs(found.mean() - 1.0) < 0.01
    assert abs(found.std() - 0.3) < 0.01

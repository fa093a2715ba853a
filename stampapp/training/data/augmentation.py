"""Random changes of training examples: orientation, noise, hidden features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from stampapp.training.data.examples import Array


@dataclass(frozen=True, kw_only=True, slots=True)
class Augmentation:
    """How strongly training changes what the network sees.

    `feature_noise` is the standard deviation of Gaussian noise on normalised features. A single
    feature is replaced by its mean with probability `feature_dropout`, all features of an alert
    with probability `blindness`. `pixel_noise` is the standard deviation of Gaussian noise on
    pixels, which are in [0, 1].
    """

    feature_noise: float
    feature_dropout: float
    blindness: float
    pixel_noise: float


def rotate_and_flip(images: Array, rng: Generator) -> Array:
    """Return each image (n, side, side, channels) in a random one of its eight orientations."""
    # The sky has no preferred orientation. Images are not shifted: how well a survey centres a
    # stamp on the detection is information.
    result = np.empty_like(images)
    orientation = rng.integers(8, size=len(images))
    for number in range(8):
        rows = np.flatnonzero(orientation == number)
        view = np.rot90(images[rows], number % 4, axes=(1, 2))
        result[rows] = view[:, :, ::-1] if number >= 4 else view
    return result


def add_noise(images: Array, amount: float, rng: Generator) -> Array:
    """Return the images with Gaussian noise of standard deviation `amount`."""
    if not amount:
        return images
    return images + rng.standard_normal(images.shape, np.float32) * np.float32(amount)


def perturb_features(features: Array, how: Augmentation, rng: Generator) -> Array:
    """Return normalised features (n, f) with noise, some of them replaced by their mean, 0."""
    noise = rng.standard_normal(features.shape, np.float32) * np.float32(how.feature_noise)
    forgotten = rng.random(features.shape) < how.feature_dropout
    forgotten |= rng.random((len(features), 1)) < how.blindness
    return np.where(forgotten, np.float32(0.0), features + noise)

"""Other views of the same alerts, as the sky could have given them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from stampapp.training.data.examples import Array


@dataclass(frozen=True, kw_only=True, slots=True)
class Augmentation:
    """How much training changes what the network sees.

    A feature (normalised, so in units of its spread) gets Gaussian noise of `feature_noise`, and
    becomes its mean with probability `feature_dropout`; all of an alert's do with probability
    `blindness`. Pixels (in [0, 1]) get Gaussian noise of `pixel_noise`.
    """

    feature_noise: float
    feature_dropout: float
    blindness: float
    pixel_noise: float


def rotate_and_flip(images: Array, rng: Generator) -> Array:
    """Return each image (n, side, side, channels) in one of its eight orientations, by lot.

    The sky has neither up nor handedness. There are no shifts: surveys centre the stamps on the
    detection, and how well is part of what the stamps tell.
    """
    result = np.empty_like(images)
    orientation = rng.integers(8, size=len(images))
    for number in range(8):
        rows = np.flatnonzero(orientation == number)
        view = np.rot90(images[rows], number % 4, axes=(1, 2))
        result[rows] = view[:, :, ::-1] if number >= 4 else view
    return result


def add_noise(images: Array, amount: float, rng: Generator) -> Array:
    """Return the images with Gaussian noise of this standard deviation."""
    if not amount:
        return images
    return images + rng.standard_normal(images.shape, np.float32) * np.float32(amount)


def perturb_features(features: Array, how: Augmentation, rng: Generator) -> Array:
    """Return the features (n, f), normalised, with noise, and some of them forgotten."""
    noise = rng.standard_normal(features.shape, np.float32) * np.float32(how.feature_noise)
    forgotten = rng.random(features.shape) < how.feature_dropout
    forgotten |= rng.random((len(features), 1)) < how.blindness
    return np.where(forgotten, np.float32(0.0), features + noise)

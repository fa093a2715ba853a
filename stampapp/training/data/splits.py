"""Split examples into training, validation and test parts that share no object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stampapp.errors import ConfigError
from stampapp.training.data.examples import Array, Indices, Texts

HELD_OUT_SHARE = 0.1
MIN_OBJECTS_PER_CLASS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """Rows of the parts: to train on, to stop and calibrate by, and to evaluate at the end."""

    training: Indices
    validation: Indices
    test: Indices


def split_by_object(objects: Texts, labels: Texts, classes: Sequence[str], seed: int) -> Split:
    """Hold out a tenth of each class's objects for validation, and another tenth for the test.

    An object whose alerts have different labels counts as the first of them. Raises ConfigError
    if a class has too few objects.
    """
    rng = np.random.default_rng(seed)
    names, first, inverse = np.unique(objects, return_index=True, return_inverse=True)
    of_object = labels[first]
    require_enough_objects(of_object, classes)
    part = np.zeros(len(names), np.int64)
    for name in classes:
        own = rng.permutation(np.flatnonzero(of_object == name))
        held = max(1, round(len(own) * HELD_OUT_SHARE))
        part[own[:held]], part[own[held : 2 * held]] = 1, 2
    of_row = part[inverse]
    training, validation, test = (np.flatnonzero(of_row == number) for number in range(3))
    return Split(training=training, validation=validation, test=test)


def require_enough_objects(labels: Texts, classes: Sequence[str]) -> None:
    """Raise ConfigError if a class has too few objects, given the label of each object."""
    counts = {name: int((labels == name).sum()) for name in classes}
    few = [f"{name} ({count})" for name, count in counts.items() if count < MIN_OBJECTS_PER_CLASS]
    if few:
        raise ConfigError(
            f"too few objects of {', '.join(few)}: each class needs {MIN_OBJECTS_PER_CLASS} or "
            "more, to train on and to evaluate"
        )


def class_weights(numbers: Indices, n_classes: int) -> Array:
    """Return the weight of each class that makes all classes count equally; the mean is 1.

    `numbers` has the class index of each example; each class must occur.
    """
    counts = np.bincount(numbers, minlength=n_classes)
    return (len(numbers) / (n_classes * counts)).astype(np.float32)

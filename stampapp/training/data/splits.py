"""Which examples teach, which decide when to stop, and which judge: never of the same object."""

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
    """Rows of examples: to learn from, to stop and calibrate by, and to judge by at the end."""

    training: Indices
    validation: Indices
    test: Indices


def split_by_object(objects: Texts, labels: Texts, classes: Sequence[str], seed: int) -> Split:
    """Hold out a tenth of each class's objects to validate, and another to test.

    An object whose alerts have different labels counts for the first of them. Raises ConfigError
    where a class has too few objects.
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
    """Raise ConfigError unless each class has enough objects, given the label of each object."""
    counts = {name: int((labels == name).sum()) for name in classes}
    few = [f"{name} ({count})" for name, count in counts.items() if count < MIN_OBJECTS_PER_CLASS]
    if few:
        raise ConfigError(
            f"too few objects of {', '.join(few)}: each class needs {MIN_OBJECTS_PER_CLASS} or "
            "more, some to learn from and some to judge by"
        )


def class_weights(numbers: Indices, n_classes: int) -> Array:
    """Return a weight for each class under which all classes count alike, 1 on average.

    `numbers` has the class of each example, each class at least once.
    """
    counts = np.bincount(numbers, minlength=n_classes)
    return (len(numbers) / (n_classes * counts)).astype(np.float32)

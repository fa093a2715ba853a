"""Labelled alerts as arrays of stamps and features, not yet normalised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stampapp.alerts.alert import Alert
from stampapp.classifiers.base import PreparedAlert
from stampapp.classifiers.survey_rules import survey_rules
from stampapp.features import metadata
from stampapp.features.images import normalise_stamps
from stampapp.training.data.recipes import Recipe

Array = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Texts = npt.NDArray[np.str_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Examples:
    """n alerts of one survey.

    `crops` (n, channels, side, side) are pixels as the survey sends them, NaN included; `features`
    (n, f) are clipped. `labels` are class names, empty if unknown; `objects` are aids.
    """

    crops: Array
    features: Doubles
    labels: Texts
    candids: Texts
    objects: Texts

    def __len__(self) -> int:
        return len(self.labels)

    def images(self) -> Array:
        """Return the network's images (n, side, side, channels), each channel in [0, 1]."""
        return normalise_stamps(self.crops)  # type: ignore[arg-type]  # an array is a sequence

    def take(self, rows: Indices | npt.NDArray[np.bool_]) -> Examples:
        """Return these rows, given by index or mask."""
        return Examples(**{name: getattr(self, name)[rows] for name in self.__slots__})


def extract_inputs(alert: Alert, recipe: Recipe) -> PreparedAlert:
    """Return an alert's inputs for a model of this recipe. Raises BadAlert if it cannot be used."""
    return survey_rules(recipe.survey).extract_inputs(alert, recipe)


def to_examples(seen: Sequence[PreparedAlert], labels: Sequence[str], recipe: Recipe) -> Examples:
    """Return alerts and their labels as arrays. Both sequences may be empty."""
    side, channels = recipe.crop, len(recipe.stamps)
    alerts = [one.alert for one in seen]
    crops = np.array([one.crops for one in seen], np.float32)
    matrix = metadata.feature_matrix(alerts, recipe.features)
    return Examples(
        crops=crops.reshape(-1, channels, side, side),
        features=matrix.astype(np.float64).reshape(-1, len(recipe.features)),
        labels=np.array(labels, np.str_),
        candids=np.array([alert.candid for alert in alerts], np.str_),
        objects=np.array([alert.aid for alert in alerts], np.str_),
    )


def concatenate(parts: Sequence[Examples]) -> Examples:
    """Return one or more groups of examples as one, in order."""
    return Examples(
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in Examples.__slots__
        }
    )


def save_examples(examples: Examples, path: Path) -> None:
    """Write the arrays atomically: a reader never sees a part of them."""
    draft = path.with_suffix(".draft")
    path.parent.mkdir(parents=True, exist_ok=True)
    with draft.open("wb") as file:
        np.savez(file, **{name: getattr(examples, name) for name in Examples.__slots__})
    draft.replace(path)


def load_examples(path: Path) -> Examples:
    """Return the arrays that `save_examples` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        return Examples(**{name: arrays[name] for name in Examples.__slots__})


def class_indices(labels: Texts, classes: Sequence[str]) -> Indices:
    """Return the index of each label among the classes, -1 if it is none of them."""
    index_of = {name: index for index, name in enumerate(classes)}
    return np.array([index_of.get(str(label), -1) for label in labels], np.int64)

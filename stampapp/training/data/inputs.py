"""Normalise examples into network inputs, using the statistics of the training part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from stampapp.classifiers.model_folder.description import Feature
from stampapp.features import metadata
from stampapp.features.gaussian_scores import fit_knots, gaussian_scores
from stampapp.training.data.examples import Array, Doubles, Examples, Indices, class_indices

# An open clip is closed at this quantile of the training values, at either end.
CLIPPED_TAIL = 0.001


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """Network inputs of n alerts.

    `images` (n, side, side, channels) are in [0, 1]; `features` (n, f) are clipped and normalised;
    `truth` is the index of each label among the classes, -1 if it is none of them.
    """

    images: Array
    features: Array
    truth: Indices

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, rows: Indices) -> Inputs:
        """Return these rows."""
        return Inputs(
            images=self.images[rows], features=self.features[rows], truth=self.truth[rows]
        )


def fit_normalisation(
    features: Sequence[Feature], values: Doubles, *, with_knots: bool = False
) -> tuple[Feature, ...]:
    """Return the features with the mean and std of clipped training values (n, f).

    `with_knots` gives them knots, and the mean and std of scores. Open clips are closed at the
    CLIPPED_TAIL quantile: the network has hardly seen values beyond.
    """
    return tuple(
        _fit_feature(feature, column, with_knots)
        for feature, column in zip(features, values.T, strict=True)
    )


def _fit_feature(feature: Feature, column: Doubles, with_knots: bool) -> Feature:
    low = float(np.quantile(column, CLIPPED_TAIL, method="lower"))
    high = float(np.quantile(column, 1 - CLIPPED_TAIL, method="higher"))
    lower = low if feature.lower is None else feature.lower
    upper = high if feature.upper is None else feature.upper
    if lower >= upper:
        lower, upper = feature.lower, feature.upper  # type: ignore[assignment]
    clipped = np.clip(column, lower, upper)
    knots = fit_knots(clipped) if with_knots else ()
    fitted = gaussian_scores(clipped, knots) if knots else clipped
    return replace(
        feature,
        mean=float(fitted.mean()),
        std=float(fitted.std()) or 1.0,
        lower=lower,
        upper=upper,
        knots=knots,
    )


def prepare_inputs(
    examples: Examples, features: Sequence[Feature], classes: Sequence[str]
) -> Inputs:
    """Return the inputs of a network with these features and classes."""
    columns = [
        metadata.normalise(column, feature)
        for feature, column in zip(features, examples.features.T, strict=True)
    ]
    return Inputs(
        images=examples.images(),
        features=np.array(columns, np.float32).T.copy(),
        truth=class_indices(examples.labels, classes),
    )

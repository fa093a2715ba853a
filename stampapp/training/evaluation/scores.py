"""Scores of predictions with their uncertainty: confusion, precision, recall, reliability."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stampapp.training.data.examples import Array, Doubles, Indices

Z95 = 1.959964
BOOTSTRAPS = 2000
BINS = 15


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A fraction with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """The number, mean confidence and accuracy of predictions of similar confidence."""

    count: int
    confidence: float
    accuracy: float


def confusion_matrix(truth: Indices, predicted: Indices, n_classes: int) -> Indices:
    """Return the number of alerts of each true class (row) and predicted class (column)."""
    pairs = truth * n_classes + predicted
    return np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)


def recalls(matrix: Indices) -> Doubles:
    """Return the recall of each class, NaN for a class without alerts."""
    return _ratio(np.diag(matrix), matrix.sum(axis=1))


def precisions(matrix: Indices) -> Doubles:
    """Return the precision of each class, NaN for a class that was never predicted."""
    return _ratio(np.diag(matrix), matrix.sum(axis=0))


def _ratio(part: Indices, whole: Indices) -> Doubles:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def balanced_accuracy(matrix: Indices) -> float:
    """Return the mean recall of the classes that occur."""
    return float(np.nanmean(recalls(matrix)))


def balanced_accuracy_estimate(
    truth: Indices, predicted: Indices, n_classes: int, seed: int = 0
) -> Estimate:
    """Return the balanced accuracy with a bootstrap interval, stratified by class."""
    rng = np.random.default_rng(seed)
    matrix = confusion_matrix(truth, predicted, n_classes)
    present = matrix[matrix.sum(axis=1) > 0]
    right, total = np.diag(matrix)[matrix.sum(axis=1) > 0], present.sum(axis=1)
    # Resampling the alerts of a class is drawing the number of correct ones.
    resampled = rng.binomial(total, right / total, size=(BOOTSTRAPS, len(total))) / total
    low, high = np.percentile(resampled.mean(axis=1), (2.5, 97.5))
    return Estimate(value=balanced_accuracy(matrix), low=float(low), high=float(high))


def wilson_interval(right: int, total: int) -> Estimate:
    """Return right / total with Wilson's score interval; `total` must be above 0."""
    share, squared = right / total, Z95**2 / total
    centre = (share + squared / 2) / (1 + squared)
    half = math.sqrt(share * (1 - share) * squared + squared**2 / 4) / (1 + squared)
    return Estimate(value=share, low=max(0.0, centre - half), high=min(1.0, centre + half))


def reliability_bins(probabilities: Array | Doubles, truth: Indices) -> list[Bin]:
    """Return the predictions in bins of equal width in confidence; empty bins are left out."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    index = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    members = [index == number for number in range(BINS)]
    return [_bin(confidence[rows], right[rows]) for rows in members if rows.any()]


def _bin(confidence: npt.NDArray[np.floating], right: npt.NDArray[np.bool_]) -> Bin:
    return Bin(count=len(right), confidence=float(confidence.mean()), accuracy=float(right.mean()))


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the expected calibration error (ECE): the mean of |confidence - accuracy|."""
    total = sum(one.count for one in bins)
    return sum(one.count * abs(one.confidence - one.accuracy) for one in bins) / total

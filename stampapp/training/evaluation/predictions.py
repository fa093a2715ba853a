"""Predictions of a model, and their scores as tables for the console and the model card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stampapp.results.class_names import shown_name
from stampapp.training import markdown
from stampapp.training.data.examples import Array, Doubles, Indices
from stampapp.training.evaluation import scores


@dataclass(frozen=True, kw_only=True, slots=True)
class Predictions:
    """True class indices of n alerts, and predicted probabilities (n, classes)."""

    classes: tuple[str, ...]
    truth: Indices
    probabilities: Array | Doubles

    @property
    def predicted(self) -> Indices:
        """The index of the most probable class of each alert."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def confusion_matrix(self) -> Indices:
        """The number of alerts of each true class (row) and predicted class (column)."""
        return scores.confusion_matrix(self.truth, self.predicted, len(self.classes))

    @property
    def calibration_error(self) -> float:
        """The expected calibration error."""
        return scores.calibration_error(scores.reliability_bins(self.probabilities, self.truth))


def summary_table(predictions: Predictions) -> str:
    """Return accuracy and calibration over all alerts."""
    balanced = scores.balanced_accuracy_estimate(
        predictions.truth, predictions.predicted, len(predictions.classes)
    )
    right = scores.wilson_interval(
        int(np.trace(predictions.confusion_matrix)), len(predictions.truth)
    )
    rows = [
        ("alerts", len(predictions.truth)),
        ("balanced accuracy", balanced),
        ("accuracy", right),
        ("calibration error (ECE)", f"{predictions.calibration_error:.3f}"),
    ]
    return markdown.table(("", "value (95 % interval)"), rows)


def class_table(predictions: Predictions) -> str:
    """Return precision and recall of each class that occurs."""
    matrix = predictions.confusion_matrix
    rows = []
    for index, name in enumerate(predictions.classes):
        right, total = int(matrix[index, index]), int(matrix[index].sum())
        n_predicted = int(matrix[:, index].sum())
        if total:
            precision = str(scores.wilson_interval(right, n_predicted)) if n_predicted else "-"
            rows.append((shown_name(name), total, scores.wilson_interval(right, total), precision))
    return markdown.table(("class", "alerts", "recall", "precision"), rows)


def confusion_table(matrix: Indices, classes: Sequence[str], corner: str = "true \\ found") -> str:
    """Return a confusion matrix without empty rows; `corner` names rows and columns."""
    lines = [
        (shown_name(name), *counts.tolist())
        for name, counts in zip(classes, matrix, strict=True)
        if counts.any()
    ]
    return markdown.table((corner, *map(shown_name, classes)), lines)

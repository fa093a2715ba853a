"""What a model says of examples, and how good that is, in words for the console and the card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stampapp.training import markdown
from stampapp.training.data.examples import Array, Doubles, Indices
from stampapp.training.evaluation import scores


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """The truth about n alerts (places among the classes), and the probabilities given to each."""

    classes: tuple[str, ...]
    truth: Indices
    probabilities: Array | Doubles

    @property
    def found(self) -> Indices:
        """The most probable class of each."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def matrix(self) -> Indices:
        """How often each class (row) is taken for each class (column)."""
        return scores.confusion(self.truth, self.found, len(self.classes))

    @property
    def calibration_error(self) -> float:
        """The expected calibration error."""
        return scores.calibration_error(scores.reliability(self.probabilities, self.truth))


def summary(judged: Judgement) -> str:
    """Return how good it is on the whole."""
    balanced = scores.balanced_estimate(judged.truth, judged.found, len(judged.classes))
    right = scores.wilson(int(np.trace(judged.matrix)), len(judged.truth))
    rows = [
        ("alerts", len(judged.truth)),
        ("balanced accuracy", balanced),
        ("accuracy", right),
        ("calibration error (ECE)", f"{judged.calibration_error:.3f}"),
    ]
    return markdown.table(("", "value (95 % interval)"), rows)


def by_class(judged: Judgement) -> str:
    """Return precision and recall of each class that is there."""
    matrix = judged.matrix
    rows = []
    for place, name in enumerate(judged.classes):
        right, total = int(matrix[place, place]), int(matrix[place].sum())
        taken = int(matrix[:, place].sum())
        if total:
            precision = str(scores.wilson(right, taken)) if taken else "-"
            rows.append((name, total, scores.wilson(right, total), precision))
    return markdown.table(("class", "alerts", "recall", "precision"), rows)


def confusion(matrix: Indices, classes: Sequence[str], corner: str = "true \\ found") -> str:
    """Return a confusion matrix, without the rows where nothing is; `corner` names its sides."""
    lines = [
        (name, *counts.tolist())
        for name, counts in zip(classes, matrix, strict=True)
        if counts.any()
    ]
    return markdown.table((corner, *classes), lines)

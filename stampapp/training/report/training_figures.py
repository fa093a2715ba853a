"""Plot the course of a training, and the quality of its result."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from stampapp.results.class_names import shown_name
from stampapp.training.data.examples import Indices
from stampapp.training.evaluation import scores
from stampapp.training.evaluation.predictions import Predictions
from stampapp.training.evaluation.survey_opinion import ComparedAlert
from stampapp.training.fitting.epochs import Epoch
from stampapp.training.report.stamp_figures import save_figure


def plot_confusion(matrix: Indices, classes: Sequence[str], path: Path) -> None:
    """Plot a confusion matrix: numbers as text, shares of each true class as colours."""
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(5, 4.4), layout="constrained")
    axis = figure.subplots()
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(matrix):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axis.text(column, row, str(count), ha="center", va="center", color=colour)
    names = [*map(shown_name, classes)]
    axis.set_xticks(range(len(names)), names)
    axis.set_yticks(range(len(names)), names)
    axis.set_xlabel("found")
    axis.set_ylabel("true")
    save_figure(figure, path)


def plot_reliability(by_label: dict[str, Predictions], path: Path) -> None:
    """Plot accuracy and number of predictions over confidence, for each label → predictions."""
    figure = Figure(figsize=(5, 5), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.plot((0, 1), (0, 1), color="grey", linewidth=0.8)
    for label, one in by_label.items():
        bins = scores.reliability_bins(one.probabilities, one.truth)
        confidence = [part.confidence for part in bins]
        name = f"{label}: ECE {one.calibration_error:.3f}"
        above.plot(confidence, [part.accuracy for part in bins], "o-", label=name)
        below.plot(confidence, [part.count for part in bins], "o-")
    above.set_ylabel("accuracy")
    above.legend()
    below.set_xlabel("confidence")
    below.set_ylabel("alerts")
    below.set_yscale("log")
    save_figure(figure, path)


def plot_real_alerts(compared: Sequence[ComparedAlert], path: Path) -> None:
    """Plot the probabilities of each alert as a bar, with what the survey says of it."""
    figure = Figure(figsize=(9, 0.9 + 0.28 * len(compared)), layout="constrained")
    axis = figure.subplots()
    places = range(len(compared))
    left = np.zeros(len(compared))
    for name in compared[0].probabilities:
        width = np.array([one.probabilities[name] for one in compared])
        axis.barh(places, width, left=left, label=shown_name(name))
        left += width
    said = (one.opinion.text if one.opinion else "" for one in compared)
    labels = [f"{text}  {one.candid}" for text, one in zip(said, compared, strict=True)]
    axis.set_yticks(places, labels)
    axis.invert_yaxis()
    axis.set_xlim(0, 1)
    axis.set_xlabel("probability")
    figure.legend(loc="outside upper right", ncols=len(compared[0].probabilities))
    save_figure(figure, path)


def plot_learning(epochs: Sequence[Epoch], path: Path) -> None:
    """Plot the losses and the balanced accuracy over the epochs."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    numbers = range(1, len(epochs) + 1)
    left.plot(numbers, [one.training_loss for one in epochs], "o-", label="training")
    left.plot(numbers, [one.validation_loss for one in epochs], "o-", label="validation")
    left.set_ylabel("loss (nats)")
    left.legend()
    right.plot(numbers, [one.balanced_accuracy for one in epochs], "o-")
    right.set_ylabel("balanced accuracy (validation)")
    for axis in (left, right):
        axis.set_xlabel("epoch")
    save_figure(figure, path)

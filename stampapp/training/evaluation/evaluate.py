"""`evaluate`: predict new alerts with the network of a model folder, and score the result."""

from __future__ import annotations

from pathlib import Path

from stampapp.classifiers.model_folder.description import ModelDescription
from stampapp.classifiers.network.network import Network
from stampapp.training.data import inputs
from stampapp.training.data.examples import Examples
from stampapp.training.evaluation.predictions import (
    Predictions,
    class_table,
    confusion_table,
    summary_table,
)


def predict(folder: Path, description: ModelDescription, examples: Examples) -> Predictions:
    """Return the predictions of the network in a folder for examples of its recipe."""
    network_inputs = inputs.prepare_inputs(examples, description.features, description.classes)
    probabilities = Network.load(folder, description).predict(
        network_inputs.images, network_inputs.features
    )
    return Predictions(
        classes=description.classes, truth=network_inputs.truth, probabilities=probabilities
    )


def render_evaluation(predictions: Predictions) -> str:
    """Return the scores on simulated alerts as text."""
    return "\n\n".join(
        (
            "Scores of the network without the survey's rules.",
            summary_table(predictions),
            class_table(predictions),
            confusion_table(predictions.confusion_matrix, predictions.classes),
        )
    )

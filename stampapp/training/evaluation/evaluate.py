"""`evaluate`: how good the network of a model folder is on alerts it has not seen."""

from __future__ import annotations

from pathlib import Path

from stampapp.classifiers.model_folder.description import ModelDescription
from stampapp.classifiers.network.network import Network
from stampapp.training.data import inputs
from stampapp.training.data.examples import Examples
from stampapp.training.evaluation import predictions
from stampapp.training.evaluation.predictions import Judgement


def judge(folder: Path, description: ModelDescription, examples: Examples) -> Judgement:
    """Return what the network of a folder says of examples of its recipe."""
    given = inputs.prepare(examples, description.features, description.classes)
    probabilities = Network.load(folder, description).predict(given.images, given.features)
    return Judgement(classes=description.classes, truth=given.truth, probabilities=probabilities)


def on_simulation(judged: Judgement) -> str:
    """Return how good a network is on simulated alerts."""
    return "\n\n".join(
        (
            "The network alone, without the survey's rules.",
            predictions.summary(judged),
            predictions.by_class(judged),
            predictions.confusion(judged.matrix, judged.classes),
        )
    )

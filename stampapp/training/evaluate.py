"""`evaluate`: how good the network of a model folder is on alerts it has not seen."""

from __future__ import annotations

from pathlib import Path

from stampapp.classifiers.description import ModelDescription
from stampapp.classifiers.network import Network
from stampapp.training import inputs, judgements
from stampapp.training.examples import Examples
from stampapp.training.judgements import Judgement


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
            judgements.summary(judged),
            judgements.by_class(judged),
            judgements.confusion(judged.matrix, judged.classes),
        )
    )

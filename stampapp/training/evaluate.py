"""`evaluate`: how good the network of a model folder is on alerts it has not seen."""

from __future__ import annotations

from pathlib import Path

from stampapp.classifiers.description import ModelDescription, Origin
from stampapp.classifiers.network import Network
from stampapp.errors import ConfigError
from stampapp.training import inputs, judgements, lessons
from stampapp.training.examples import Examples
from stampapp.training.judgements import Judgement


def judge(folder: Path, description: ModelDescription, examples: Examples) -> Judgement:
    """Return what the network of a folder says of examples of its recipe."""
    given = inputs.prepare(examples, description.features, description.classes)
    probabilities = Network.load(folder, description).predict(given.images, given.features)
    return Judgement(classes=description.classes, truth=given.truth, probabilities=probabilities)


def require_unseen(description: ModelDescription, seed: int) -> None:
    """Raise ConfigError where a model was trained on this seed of the simulation."""
    trained = description.origin is Origin.SIMULATED
    if trained and description.source.endswith(f" {lessons.seed_text(seed)}"):
        raise ConfigError(
            f"{description.name} was trained on {description.source}: take another seed"
        )


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

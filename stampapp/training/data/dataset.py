"""What a model is taught: examples, and where they come from."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from stampapp.classifiers.model_folder.description import ModelDescription, Origin
from stampapp.classifiers.model_folder.store import sha256_of
from stampapp.display.progress import progress_bar
from stampapp.errors import ConfigError
from stampapp.training.data import labelled, reference_labels
from stampapp.training.data import simulated as draws
from stampapp.training.data.examples import Examples
from stampapp.training.data.recipes import Recipe
from stampapp.training.data.simulated import Draws, Source


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """What is learned from, where it comes from, and the seconds that it took to get it."""

    examples: Examples
    origin: Origin
    source: str
    source_sha256: str
    notes: tuple[str, ...]
    seconds: float


def simulated(recipe: Recipe, drawn: Draws, source: Source) -> Lesson:
    """Return a lesson of simulated alerts."""
    started, notes = time.monotonic(), ["The simulation draws the classes with equal chances."]
    if draws.is_kept(recipe, drawn, source):
        notes.append("They were simulated before this training, and only read for it.")
    return Lesson(
        examples=simulate(recipe, drawn, source),
        origin=Origin.SIMULATED,
        source=f"{drawn.count} simulated alerts of {_seed(drawn.seed)}",
        source_sha256=source.sha256,
        notes=tuple(notes),
        seconds=time.monotonic() - started,
    )


def of_user(recipe: Recipe, alerts: Path, labels: Path) -> Lesson:
    """Return a lesson of a user's alerts and labels. Raises ConfigError for what is wrong there."""
    started = time.monotonic()
    read = reference_labels.labels(labels, recipe.classes)
    named = {candid: label for candid, label in read.items() if label.name}
    found = labelled.find(alerts, recipe, named)
    return Lesson(
        examples=found.examples,
        origin=Origin.LABELLED,
        source=f"{labels.name} with {len(named)} labels",
        source_sha256=sha256_of(labels),
        notes=(f"Read: {found.note}.",),
        seconds=time.monotonic() - started,
    )


def simulate(recipe: Recipe, drawn: Draws, source: Source) -> Examples:
    """Return simulated examples, with a bar for those who wait."""
    with progress_bar("simulating", drawn.count) as advance:
        return draws.simulate(recipe, drawn, source, advance)


def require_unseen(description: ModelDescription, seed: int) -> None:
    """Raise ConfigError where a model was trained on this seed of the simulation."""
    trained = description.origin is Origin.SIMULATED
    if trained and description.source.endswith(f" {_seed(seed)}"):
        raise ConfigError(
            f"{description.name} was trained on {description.source}: take another seed"
        )


def _seed(seed: int) -> str:
    """Return the words by which a model's source names the seed that it was trained on."""
    return f"seed {seed}"

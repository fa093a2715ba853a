"""Load or simulate the dataset that a model is trained on, and record its origin."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from stampapp.classifiers.model_folder.description import ModelDescription, Origin
from stampapp.classifiers.model_folder.store import sha256_of
from stampapp.display.progress import progress_bar
from stampapp.errors import ConfigError
from stampapp.training.data import labelled, reference_labels, simulated, simulation_hash
from stampapp.training.data.examples import Examples
from stampapp.training.data.recipes import Recipe
from stampapp.training.data.simulated import SampleSpec, Simulator

_EQUAL_CHANCES = "The simulation draws the classes with equal chances."
_HASH = (
    f"The SHA-256 is that of the first {simulation_hash.HASHED_ALERTS} simulated alerts of seed 0. "
    "It changes when the simulation\nof this survey changes."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """Labelled examples, their origin, and the seconds that loading or simulating them took."""

    examples: Examples
    origin: Origin
    source: str
    source_sha256: str
    notes: tuple[str, ...]
    seconds: float


def simulate_dataset(recipe: Recipe, spec: SampleSpec, simulator: Simulator) -> Dataset:
    """Return a dataset of simulated alerts."""
    started, notes = time.monotonic(), [_EQUAL_CHANCES, _HASH]
    if simulated.is_cached(recipe, spec, simulator):
        notes.append("The alerts were read from the cache of an earlier simulation.")
    return Dataset(
        examples=simulate_examples(recipe, spec, simulator),
        origin=Origin.SIMULATED,
        source=f"{spec.count} simulated alerts of {_seed_name(spec.seed)}",
        source_sha256=simulation_hash.alerts_sha256(simulator.simulate_alert, recipe.survey),
        notes=tuple(notes),
        seconds=time.monotonic() - started,
    )


def read_dataset(recipe: Recipe, alerts: Path, labels: Path) -> Dataset:
    """Return a dataset of a user's alerts and labels. Raises ConfigError if they are invalid."""
    started = time.monotonic()
    all_labels = reference_labels.read_labels(labels, recipe.classes)
    known_labels = {candid: label for candid, label in all_labels.items() if label.name}
    alerts_with_labels = labelled.read_labelled_alerts(alerts, recipe, known_labels)
    return Dataset(
        examples=alerts_with_labels.examples,
        origin=Origin.LABELLED,
        source=f"{labels.name} with {len(known_labels)} labels",
        source_sha256=sha256_of(labels),
        notes=(f"Read: {alerts_with_labels.summary}.",),
        seconds=time.monotonic() - started,
    )


def simulate_examples(recipe: Recipe, spec: SampleSpec, simulator: Simulator) -> Examples:
    """Return simulated examples; show a progress bar."""
    with progress_bar("simulating", spec.count) as advance:
        return simulated.simulate_examples(recipe, spec, simulator, advance)


def require_unseen_seed(description: ModelDescription, seed: int) -> None:
    """Raise ConfigError if the model was trained on simulated alerts of this seed."""
    trained = description.origin is Origin.SIMULATED
    if trained and description.source.endswith(f" {_seed_name(seed)}"):
        raise ConfigError(
            f"{description.name} was trained on {description.source}: take another seed"
        )


def _seed_name(seed: int) -> str:
    """Return the words by which the source of a model names its seed."""
    return f"seed {seed}"

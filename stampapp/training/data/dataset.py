"""What a model is taught: examples, and where they come from."""

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
    f"The SHA-256 is that of the first {simulation_hash.HASHED_ALERTS} simulated alerts of seed 0: "
    "as long as the simulation\ngives them, it has not changed."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """What is learned from, where it comes from, and the seconds that it took to get it."""

    examples: Examples
    origin: Origin
    source: str
    source_sha256: str
    notes: tuple[str, ...]
    seconds: float


def simulate_dataset(recipe: Recipe, spec: SampleSpec, simulator: Simulator) -> Dataset:
    """Return a lesson of simulated alerts."""
    started, notes = time.monotonic(), [_EQUAL_CHANCES, _HASH]
    if simulated.is_cached(recipe, spec, simulator):
        notes.append("They were simulated before this training, and only read for it.")
    return Dataset(
        examples=simulate_examples(recipe, spec, simulator),
        origin=Origin.SIMULATED,
        source=f"{spec.count} simulated alerts of {_seed_name(spec.seed)}",
        source_sha256=simulation_hash.alerts_sha256(simulator.simulate_alert, recipe.survey),
        notes=tuple(notes),
        seconds=time.monotonic() - started,
    )


def read_dataset(recipe: Recipe, alerts: Path, labels: Path) -> Dataset:
    """Return a lesson of a user's alerts and labels. Raises ConfigError for what is wrong there."""
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
    """Return simulated examples, with a bar for those who wait."""
    with progress_bar("simulating", spec.count) as advance:
        return simulated.simulate_examples(recipe, spec, simulator, advance)


def require_unseen_seed(description: ModelDescription, seed: int) -> None:
    """Raise ConfigError where a model was trained on this seed of the simulation."""
    trained = description.origin is Origin.SIMULATED
    if trained and description.source.endswith(f" {_seed_name(seed)}"):
        raise ConfigError(
            f"{description.name} was trained on {description.source}: take another seed"
        )


def _seed_name(seed: int) -> str:
    """Return the words by which a model's source names the seed that it was trained on."""
    return f"seed {seed}"

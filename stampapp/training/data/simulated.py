"""Simulate examples in worker processes, and cache them on disk if a folder is given."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

from stampapp.alerts.alert import LabelledAlert
from stampapp.alerts.surveys import Survey
from stampapp.config import cpu_count
from stampapp.errors import BadAlert, StampError
from stampapp.feeds import process_pool
from stampapp.training.data import examples, simulation_hash
from stampapp.training.data.examples import Examples
from stampapp.training.data.recipes import Recipe

SimulateAlert = Callable[[Survey, int, int], LabelledAlert]
Advance = Callable[[int], object]
CHUNK = 128


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleSpec:
    """The first `count` simulated alerts of a seed."""

    seed: int
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Simulator:
    """The function that simulates alerts, and the processes and cache folder to use.

    `simulate_alert` takes a survey, a seed and an index. Cached alerts are used only if the same
    code (`code_sha256`) simulated them.
    """

    simulate_alert: SimulateAlert
    code_sha256: str
    workers: int
    cache: Path | None = None


def simulate_alert(survey: Survey, seed: int, index: int) -> LabelledAlert:
    """Return one simulated alert with its class."""
    from stampapp.simulation import simulate

    return simulate.simulate_alert(survey, seed, index)


def local_simulator(workers: int | None, cache: Path | None) -> Simulator:
    """Return the simulator of this package; by default with a process for each core."""
    count = workers or cpu_count.cores()
    return Simulator(
        simulate_alert=simulate_alert,
        code_sha256=simulation_hash.sources_sha256(),
        workers=count,
        cache=cache,
    )


def simulate_examples(
    recipe: Recipe, spec: SampleSpec, simulator: Simulator, advance: Advance
) -> Examples:
    """Return simulated alerts as arrays; call `advance` with the number of each finished chunk.

    Raises StampError if a simulated alert cannot be classified.
    """
    path = _cache_path(recipe, spec, simulator)
    if path and path.exists():
        advance(spec.count)
        return examples.load_examples(path)
    drawn = examples.concatenate(list(_simulate_chunks(recipe, spec, simulator, advance)))
    if path:
        examples.save_examples(drawn, path)
    return drawn


def is_cached(recipe: Recipe, spec: SampleSpec, simulator: Simulator) -> bool:
    """Return whether these alerts are in the cache."""
    path = _cache_path(recipe, spec, simulator)
    return path is not None and path.exists()


def _cache_path(recipe: Recipe, spec: SampleSpec, simulator: Simulator) -> Path | None:
    if simulator.cache is None:
        return None
    key = hashlib.sha256(f"{recipe} {spec} {simulator.code_sha256}".encode()).hexdigest()[:16]
    return simulator.cache / f"{recipe.survey.lower()}-{spec.seed}-{spec.count}-{key}.npz"


def _simulate_chunks(
    recipe: Recipe, spec: SampleSpec, simulator: Simulator, advance: Advance
) -> Iterator[Examples]:
    starts = range(0, spec.count, CHUNK)
    stops = [min(start + CHUNK, spec.count) for start in starts]
    fixed = repeat(recipe), repeat(spec.seed), repeat(simulator.simulate_alert)
    with process_pool.pool(simulator.workers) as pool:
        for part in pool.map(_simulate_chunk, starts, stops, *fixed):
            advance(len(part))
            yield part


def _simulate_chunk(
    start: int, stop: int, recipe: Recipe, seed: int, simulate: SimulateAlert
) -> Examples:
    # Surveys spell classes differently, for example AGN and agn.
    spelling = {name.casefold(): name for name in recipe.classes}
    prepared, labels = [], []
    for index in range(start, stop):
        one = simulate(recipe.survey, seed, index)
        what = f"simulated alert {index} of seed {seed}"
        if one.label.casefold() not in spelling:
            raise StampError(f"{what} has the class {one.label!r}, which is not in the recipe")
        try:
            prepared.append(examples.extract_inputs(one.alert, recipe))
        except BadAlert as error:
            raise StampError(f"{what} cannot be classified: {error}") from error
        labels.append(spelling[one.label.casefold()])
    return examples.to_examples(prepared, labels, recipe)

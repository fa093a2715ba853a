"""Simulated examples: drawn in processes of their own, and kept on disk where that is asked for."""

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
    """Which simulated alerts: the first `count` of a seed. They are the same wherever drawn."""

    seed: int
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Simulator:
    """Where simulated alerts come from, and with how many processes they are drawn.

    `simulate_alert` takes a survey, a seed and an index. With a `cache` folder, what code of the
    hash `code_sha256` drew once is read from there.
    """

    simulate_alert: SimulateAlert
    code_sha256: str
    workers: int
    cache: Path | None = None


def simulate_alert(survey: Survey, seed: int, index: int) -> LabelledAlert:
    """Draw one simulated alert with its class."""
    from stampapp.simulation import simulate

    return simulate.simulate_alert(survey, seed, index)


def local_simulator(workers: int | None, cache: Path | None) -> Simulator:
    """Return this program's simulation, on all processors unless `workers` says how many."""
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
    """Return these simulated alerts as arrays; `advance` hears how many more are done.

    Raises StampError where the simulation makes an alert that the worker would refuse.
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
    """Say whether these alerts were simulated before, and lie in the cache."""
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
    # A survey's own spelling: what is AGN to one is agn to the other.
    spelling = {name.casefold(): name for name in recipe.classes}
    prepared, labels = [], []
    for index in range(start, stop):
        one = simulate(recipe.survey, seed, index)
        what = f"simulated alert {index} of seed {seed}"
        if one.label.casefold() not in spelling:
            raise StampError(f"{what} is of class {one.label!r}, which no model has")
        try:
            prepared.append(examples.extract_inputs(one.alert, recipe))
        except BadAlert as error:
            raise StampError(f"{what} cannot be classified: {error}") from error
        labels.append(spelling[one.label.casefold()])
    return examples.to_examples(prepared, labels, recipe)

"""Simulated examples: drawn in processes of their own, and kept on disk where that is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from itertools import repeat
from pathlib import Path

from stampapp.alerts.alert import Labelled
from stampapp.alerts.surveys import Survey
from stampapp.config import cpu_count
from stampapp.errors import BadAlert, StampError
from stampapp.feeds import process_pool
from stampapp.training.data import examples
from stampapp.training.data.examples import Examples
from stampapp.training.data.recipes import Recipe

Draw = Callable[[Survey, int, int], Labelled]
Advance = Callable[[int], object]
CHUNK = 128


@dataclass(frozen=True, kw_only=True, slots=True)
class Draws:
    """Which simulated alerts: the first `count` of a seed. They are the same wherever drawn."""

    seed: int
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where simulated alerts come from: `draw` of a survey, seed and index, in `workers` processes.

    Its code has the hash `sha256`; with a `cache` folder, what was drawn once is read from there.
    """

    draw: Draw
    sha256: str
    workers: int
    cache: Path | None = None


def draw(survey: Survey, seed: int, index: int) -> Labelled:
    """Draw one simulated alert with its class."""
    from stampapp.simulation import simulate as skies

    return skies.draw(survey, seed, index)


def source(workers: int | None, cache: Path | None) -> Source:
    """Return this program's simulation, on all processors unless `workers` says how many."""
    count = workers or cpu_count.cores()
    return Source(draw=draw, sha256=simulation_sha256(), workers=count, cache=cache)


def simulation_sha256() -> str:
    """Return the SHA-256 of the simulation's source code, which tells its versions apart."""
    folder = Path(str(files("stampapp.simulation")))
    paths = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def simulate(recipe: Recipe, draws: Draws, source: Source, advance: Advance) -> Examples:
    """Return these simulated alerts as arrays; `advance` hears how many more are done.

    Raises StampError where the simulation makes an alert that the worker would refuse.
    """
    path = _cached(recipe, draws, source)
    if path and path.exists():
        advance(draws.count)
        return examples.load(path)
    drawn = examples.joined(list(_chunks(recipe, draws, source, advance)))
    if path:
        examples.save(drawn, path)
    return drawn


def is_kept(recipe: Recipe, draws: Draws, source: Source) -> bool:
    """Say whether these alerts were simulated before, and lie in the cache."""
    path = _cached(recipe, draws, source)
    return path is not None and path.exists()


def _cached(recipe: Recipe, draws: Draws, source: Source) -> Path | None:
    if source.cache is None:
        return None
    key = hashlib.sha256(f"{recipe} {draws} {source.sha256}".encode()).hexdigest()[:16]
    return source.cache / f"{recipe.survey.lower()}-{draws.seed}-{draws.count}-{key}.npz"


def _chunks(recipe: Recipe, draws: Draws, source: Source, advance: Advance) -> Iterator[Examples]:
    starts = range(0, draws.count, CHUNK)
    stops = [min(start + CHUNK, draws.count) for start in starts]
    fixed = repeat(recipe), repeat(draws.seed), repeat(source.draw)
    with process_pool.pool(source.workers) as pool:
        for part in pool.map(_chunk, starts, stops, *fixed):
            advance(len(part))
            yield part


def _chunk(start: int, stop: int, recipe: Recipe, seed: int, draw: Draw) -> Examples:
    # A survey's own spelling: what is AGN to one is agn to the other.
    spelling = {name.casefold(): name for name in recipe.classes}
    seen, labels = [], []
    for index in range(start, stop):
        one = draw(recipe.survey, seed, index)
        what = f"simulated alert {index} of seed {seed}"
        if one.label.casefold() not in spelling:
            raise StampError(f"{what} is of class {one.label!r}, which no model has")
        try:
            seen.append(examples.extract_inputs(one.alert, recipe))
        except BadAlert as error:
            raise StampError(f"{what} cannot be classified: {error}") from error
        labels.append(spelling[one.label.casefold()])
    return examples.collect(seen, labels, recipe)

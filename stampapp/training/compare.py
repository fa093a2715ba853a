"""`compare`: every feature and the pixels of simulated alerts beside those of real ones."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.table import Table

from stampapp.training import comparisons, measures, plates
from stampapp.training.comparisons import Difference, Values
from stampapp.training.examples import Examples, Texts
from stampapp.training.recipes import Recipe
from stampapp.training.references import Reference

# Fewer alerts of a class than this say nothing about their distribution.
FEWEST = 5
# The most different quantities go into the figures, all into the tables.
DRAWN = 24
Sides = tuple[dict[str, Values], dict[str, Values]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """A group of alerts (all, or of one class) in both samples, and how they differ."""

    group: str
    n_sky: int
    n_simulated: int
    features: list[Difference]
    pixels: list[Difference]
    separability: dict[str, float]


def compare(
    sky: Examples, simulated: Examples, reference: Reference | None, recipe: Recipe, into: Path
) -> list[Comparison]:
    """Write tables (CSV) and figures (PNG) into a folder, and return the comparisons.

    With a reference, the first comparison mixes the classes of the simulation as that network
    finds them among the real alerts, and one of each class follows.
    """
    classes = None
    if reference:
        sky = sky.take(np.array([candid in reference.probabilities for candid in sky.candids]))
        classes = np.array([reference.class_name(candid) for candid in sky.candids], np.str_)
    compared = _all(sky, classes, simulated, recipe, into)
    _write(compared, into / "comparison.csv")
    return compared


def _all(
    sky: Examples, classes: Texts | None, simulated: Examples, recipe: Recipe, into: Path
) -> list[Comparison]:
    if classes is None:
        return [_one("all", sky, simulated, recipe, into)]
    alike = simulated.take(comparisons.like(classes, simulated.labels, seed=0))
    compared = [_one("all", sky, alike, recipe, into)]
    for name in recipe.classes:
        own, theirs = sky.take(classes == name), simulated.take(simulated.labels == name)
        if min(len(own), len(theirs)) >= FEWEST:
            compared.append(_one(name, own, theirs, recipe, into))
    return compared


def _one(group: str, sky: Examples, simulated: Examples, recipe: Recipe, into: Path) -> Comparison:
    by_feature = _columns(sky, recipe), _columns(simulated, recipe)
    by_pixels = measures.measure(sky, recipe.stamps), measures.measure(simulated, recipe.stamps)
    features = comparisons.differences(*by_feature)
    pixels = comparisons.differences(*by_pixels)
    for what, sides, rows in (("features", by_feature, features), ("pixels", by_pixels, pixels)):
        names = [row.name for row in rows[:DRAWN]]
        plates.histograms(*sides, names, into / f"{group}_{what}.png")
    both = {"sky": sky.images(), "simulated": simulated.images()}
    plates.gallery(both, recipe.stamps, into / f"{group}_stamps.png")
    return Comparison(
        group=group,
        n_sky=len(sky),
        n_simulated=len(simulated),
        features=features,
        pixels=pixels,
        separability=_separability(by_feature, by_pixels),
    )


def _columns(examples: Examples, recipe: Recipe) -> dict[str, Values]:
    names = (feature.name for feature in recipe.features)
    return dict(zip(names, examples.features.T, strict=True))


def _separability(by_feature: Sides, by_pixels: Sides) -> dict[str, float]:
    together = by_feature[0] | by_pixels[0], by_feature[1] | by_pixels[1]
    sides = {"features": by_feature, "pixels": by_pixels, "both": together}
    return {name: comparisons.separability(*pair, seed=0) for name, pair in sides.items()}


def _write(compared: Sequence[Comparison], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        quantiles = [f"{side}_p{q:02}" for side in ("sky", "simulated") for q in comparisons.SHOWN]
        writer.writerow(["group", "quantity", "ks", *quantiles])
        for one in compared:
            for row in (*one.features, *one.pixels):
                numbers = [f"{value:.6g}" for value in (*row.sky, *row.simulated)]
                writer.writerow([one.group, row.name, f"{row.distance:.4f}", *numbers])


def tables(one: Comparison) -> list[Table]:
    """Return a table of the features and one of the pixels of a comparison."""
    by_chance = comparisons.chance(one.n_sky, one.n_simulated)
    scores = ", ".join(f"{name} {value:.3f}" for name, value in one.separability.items())
    heading = (
        f"{one.group}: {one.n_sky} real, {one.n_simulated} simulated; "
        f"told apart (AUC) by {scores}; KS up to {by_chance:.2f} is chance"
    )
    parts: Mapping[str, list[Difference]] = {"feature": one.features, "pixels": one.pixels}
    return [_table(heading, what, rows) for what, rows in parts.items()]


def _table(heading: str, what: str, rows: Sequence[Difference]) -> Table:
    table = Table(title=heading)
    table.add_column(what)
    for name in ("KS", "sky p05", "p50", "p95", "simulated p05", "p50", "p95"):
        table.add_column(name, justify="right")
    for row in rows:
        numbers = [f"{value:.4g}" for value in (*row.sky, *row.simulated)]
        table.add_row(row.name, f"{row.distance:.2f}", *numbers)
    return table

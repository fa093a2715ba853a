"""`compare`: every feature and the pixels of simulated alerts beside those of real ones."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stampapp.training import markdown
from stampapp.training.data.examples import Examples, Texts
from stampapp.training.data.recipes import Recipe
from stampapp.training.data.reference_labels import Reference
from stampapp.training.evaluation import sample_distance, stamp_statistics
from stampapp.training.evaluation.sample_distance import Difference, Values
from stampapp.training.report import stamp_figures

# Fewer alerts of a class than this say nothing about their distribution.
FEWEST = 5
# The most different quantities go into the figures, all into the tables.
DRAWN = 24
OUTLINED = 8
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
    alike = simulated.take(sample_distance.like(classes, simulated.labels, seed=0))
    compared = [_one("all", sky, alike, recipe, into)]
    for name in recipe.classes:
        own, theirs = sky.take(classes == name), simulated.take(simulated.labels == name)
        if min(len(own), len(theirs)) >= FEWEST:
            compared.append(_one(name, own, theirs, recipe, into))
    return compared


def _one(group: str, sky: Examples, simulated: Examples, recipe: Recipe, into: Path) -> Comparison:
    by_feature = _columns(sky, recipe), _columns(simulated, recipe)
    by_pixels = (
        stamp_statistics.measure(sky, recipe.stamps),
        stamp_statistics.measure(simulated, recipe.stamps),
    )
    features = sample_distance.differences(*by_feature)
    pixels = sample_distance.differences(*by_pixels)
    for what, sides, rows in (("features", by_feature, features), ("pixels", by_pixels, pixels)):
        names = [row.name for row in rows[:DRAWN]]
        stamp_figures.histograms(*sides, names, into / f"{group}_{what}.png")
    both = {"sky": sky.images(), "simulated": simulated.images()}
    stamp_figures.gallery(both, recipe.stamps, into / f"{group}_stamps.png")
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
    return {name: sample_distance.separability(*pair, seed=0) for name, pair in sides.items()}


def _write(compared: Sequence[Comparison], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        quantiles = [
            f"{side}_p{q:02}" for side in ("sky", "simulated") for q in sample_distance.SHOWN
        ]
        writer.writerow(["group", "quantity", "ks", *quantiles])
        for one in compared:
            for row in (*one.features, *one.pixels):
                numbers = [f"{value:.6g}" for value in (*row.sky, *row.simulated)]
                writer.writerow([one.group, row.name, f"{row.distance:.4f}", *numbers])


def text(one: Comparison, most: int | None = None) -> str:
    """Return how the samples of a group differ: the `most` different quantities, or all."""
    by_chance = sample_distance.chance(one.n_sky, one.n_simulated)
    scores = ", ".join(f"{name} {value:.3f}" for name, value in one.separability.items())
    heading = (
        f"{one.group}: {one.n_sky} real, {one.n_simulated} simulated alerts. Told apart (AUC) by "
        f"{scores}.\nDistances (KS) up to {by_chance:.2f} are chance."
    )
    return "\n\n".join([heading, _table(one.features[:most]), _table(one.pixels[:most])])


def outline(compared: Sequence[Comparison]) -> str:
    """Return for a card what the simulation still lacks."""
    first, *others = compared
    rows = [
        (one.group, one.n_sky, *(f"{value:.3f}" for value in one.separability.values()))
        for one in others
    ]
    parts = [
        "How far simulated alerts are from real ones: the largest distance between the "
        "distributions\nof each quantity (KS), with its 5, 50 and 95 % quantiles on either side, "
        "and how well trees tell\nreal from simulated (AUC: 0.5 not at all, 1 always).",
        text(first, OUTLINED),
    ]
    if rows:
        parts.append(markdown.table(("class", "real", *first.separability), rows))
    return "\n\n".join(parts)


def _table(rows: Sequence[Difference]) -> str:
    sides = (f"{side} p{q:02}" for side in ("sky", "simulated") for q in sample_distance.SHOWN)
    lines = [
        (row.name, f"{row.distance:.2f}", *(f"{value:.4g}" for value in (*row.sky, *row.simulated)))
        for row in rows
    ]
    return markdown.table(("quantity", "KS", *sides), lines)

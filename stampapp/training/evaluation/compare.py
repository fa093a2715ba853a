"""`compare`: measure how features and pixels of simulated alerts differ from real ones."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stampapp.results.class_names import shown_name
from stampapp.training import markdown
from stampapp.training.data.examples import Examples, Texts
from stampapp.training.data.recipes import Recipe
from stampapp.training.data.reference_labels import Reference
from stampapp.training.evaluation import sample_distance, stamp_statistics
from stampapp.training.evaluation.sample_distance import Difference, Separability, Values
from stampapp.training.report import stamp_figures

# A class with fewer alerts is not compared.
MIN_ALERTS = 5
# Figures and the summary show the most different quantities; the tables show all.
PLOTTED = 24
SUMMARISED = 8
Sides = tuple[dict[str, Values], dict[str, Values]]


@dataclass(frozen=True, kw_only=True, slots=True)
class RealSample:
    """Real alerts; `patches` (n) names the patch of the sky that each is in."""

    examples: Examples
    patches: Texts

    def take(self, rows: npt.NDArray[np.bool_]) -> RealSample:
        """Return the alerts of a mask."""
        return RealSample(examples=self.examples.take(rows), patches=self.patches[rows])


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """The differences between real and simulated alerts of a group: all, or one class."""

    group: str
    n_real: int
    n_simulated: int
    features: list[Difference]
    pixels: list[Difference]
    separability: dict[str, Separability]


def compare_samples(
    real: RealSample, simulated: Examples, reference: Reference | None, recipe: Recipe, into: Path
) -> list[Comparison]:
    """Write a table (CSV) and figures (PNG) into a folder, and return the comparisons.

    With a reference, the first comparison uses simulated alerts in the class mix that this network
    finds among the real alerts, and a comparison of each class follows.
    """
    classes = None
    if reference:
        known = np.array([one in reference.probabilities for one in real.examples.candids])
        real = real.take(known)
        candids = real.examples.candids
        classes = np.array([reference.class_name(candid) for candid in candids], np.str_)
    comparisons = _compare_groups(real, classes, simulated, recipe, into)
    _write_csv(comparisons, into / "comparison.csv")
    return comparisons


def _compare_groups(
    real: RealSample, classes: Texts | None, simulated: Examples, recipe: Recipe, into: Path
) -> list[Comparison]:
    if classes is None:
        return [_compare_group("all", real, simulated, recipe, into)]
    same_mix = simulated.take(
        sample_distance.rows_with_class_mix(classes, simulated.labels, seed=0)
    )
    comparisons = [_compare_group("all", real, same_mix, recipe, into)]
    for name in recipe.classes:
        of_real, of_simulated = real.take(classes == name), simulated.take(simulated.labels == name)
        if min(len(of_real.patches), len(of_simulated)) >= MIN_ALERTS:
            comparisons.append(
                _compare_group(shown_name(name), of_real, of_simulated, recipe, into)
            )
    return comparisons


def _compare_group(
    group: str, sample: RealSample, simulated: Examples, recipe: Recipe, into: Path
) -> Comparison:
    real = sample.examples
    by_feature = _feature_columns(real, recipe), _feature_columns(simulated, recipe)
    by_pixels = (
        stamp_statistics.measure(real, recipe.stamps),
        stamp_statistics.measure(simulated, recipe.stamps),
    )
    features = sample_distance.differences(*by_feature)
    pixels = sample_distance.differences(*by_pixels)
    for what, sides, rows in (("features", by_feature, features), ("pixels", by_pixels, pixels)):
        names = [row.name for row in rows[:PLOTTED]]
        stamp_figures.plot_histograms(*sides, names, into / f"{group}_{what}.png")
    both = {"sky": real.images(), "simulated": simulated.images()}
    stamp_figures.plot_stamps(both, recipe, into / f"{group}_stamps.png")
    return Comparison(
        group=group,
        n_real=len(real),
        n_simulated=len(simulated),
        features=features,
        pixels=pixels,
        separability=_separability(by_feature, by_pixels, sample.patches),
    )


def _feature_columns(examples: Examples, recipe: Recipe) -> dict[str, Values]:
    names = (feature.name for feature in recipe.features)
    return dict(zip(names, examples.features.T, strict=True))


def _separability(by_feature: Sides, by_pixels: Sides, patches: Texts) -> dict[str, Separability]:
    together = by_feature[0] | by_pixels[0], by_feature[1] | by_pixels[1]
    sides = {"features": by_feature, "pixels": by_pixels, "both": together}
    return {
        name: sample_distance.separability(*pair, patches, seed=0) for name, pair in sides.items()
    }


def _write_csv(comparisons: Sequence[Comparison], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        quantiles = [
            f"{side}_p{q:02}" for side in ("sky", "simulated") for q in sample_distance.PERCENTILES
        ]
        writer.writerow(["group", "quantity", "ks", *quantiles])
        for one in comparisons:
            for row in (*one.features, *one.pixels):
                numbers = [f"{value:.6g}" for value in (*row.real, *row.simulated)]
                writer.writerow([one.group, row.name, f"{row.distance:.4f}", *numbers])


def render_comparison(one: Comparison, most: int | None = None) -> str:
    """Return the differences in a group as text: the `most` different quantities, or all."""
    by_chance = sample_distance.chance_distance(one.n_real, one.n_simulated)
    scores = ", ".join(f"{name} {value}" for name, value in one.separability.items())
    heading = (
        f"{one.group}: {one.n_real} real, {one.n_simulated} simulated alerts. Separability (AUC) "
        f"by {scores}:\nwith folds that keep a patch of the sky together (with random folds). "
        f"Distances (KS) up to {by_chance:.2f} occur by chance."
    )
    return "\n\n".join([heading, _table(one.features[:most]), _table(one.pixels[:most])])


def render_summary(comparisons: Sequence[Comparison]) -> str:
    """Return the largest differences, for a model card."""
    first, *others = comparisons
    rows = [(one.group, one.n_real, *one.separability.values()) for one in others]
    parts = [
        "How much simulated alerts differ from real ones: the largest distance between the "
        "distributions\nof each quantity (KS) with the 5, 50 and 95 % quantiles of both, and how "
        "well trees separate real\nfrom simulated alerts (AUC: 0.5 not at all, 1 always).",
        render_comparison(first, SUMMARISED),
    ]
    if rows:
        parts.append(markdown.table(("class", "real", *first.separability), rows))
    return "\n\n".join(parts)


def _table(rows: Sequence[Difference]) -> str:
    sides = (
        f"{side} p{q:02}" for side in ("sky", "simulated") for q in sample_distance.PERCENTILES
    )
    lines = [
        (
            row.name,
            f"{row.distance:.2f}",
            *(f"{value:.4g}" for value in (*row.real, *row.simulated)),
        )
        for row in rows
    ]
    return markdown.table(("quantity", "KS", *sides), lines)

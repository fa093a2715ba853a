"""Plot stamps and distributions; needs no display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from stampapp.results.class_names import shown_name
from stampapp.stamps.fits_header import Header
from stampapp.stamps.orientation import Orientation
from stampapp.stamps.stamp_format import stamp_format
from stampapp.training.data.examples import Array
from stampapp.training.data.recipes import Recipe
from stampapp.training.evaluation.sample_distance import Values

COLUMNS = 6
BINS = 30
STAMPS_PER_ROW = 12


def save_figure(figure: Figure, path: Path) -> None:
    """Write the figure as a small PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=70)


def plot_histograms(
    real: Mapping[str, Values], simulated: Mapping[str, Values], names: Sequence[str], path: Path
) -> None:
    """Plot the distribution of each quantity in both samples (1st to 99th percentiles)."""
    rows = -(-len(names) // COLUMNS)
    figure = Figure(figsize=(3 * COLUMNS, 2 * rows))
    axes = figure.subplots(rows, COLUMNS, squeeze=False)
    for axis, name in zip(axes.flat, names, strict=False):
        both = np.concatenate([np.percentile(side[name], (1, 99)) for side in (real, simulated)])
        edges = np.linspace(both.min(), both.max() + 1e-9, BINS + 1)
        for side, label in ((real, "sky"), (simulated, "simulated")):
            weights = np.full(len(side[name]), 1 / len(side[name]))
            axis.hist(side[name], edges, weights=weights, histtype="step", label=label)
        axis.set_title(name, fontsize=9)
        axis.locator_params(nbins=3)
        axis.tick_params(labelsize=7)
    for axis in axes.flat[len(names) :]:
        axis.axis("off")
    axes.flat[0].legend(fontsize=7)
    figure.subplots_adjust(0.03, 0.05, 0.99, 0.95, wspace=0.25, hspace=0.5)
    save_figure(figure, path)


def plot_stamps(groups: Mapping[str, Array], recipe: Recipe, path: Path) -> None:
    """Plot the first stamps of each group, one row for each channel of the recipe.

    The images of a group are (n, side, side, channels) in [0, 1]. They have no headers, so north is
    up only where all stamps of the survey lie in the same way.
    """
    orientation = stamp_format(recipe.survey).orientation(Header(b""))
    rows = [(name, number) for name in groups for number in range(len(recipe.stamps))]
    mosaic = np.vstack([_strip(groups[name][..., number], orientation) for name, number in rows])
    side = mosaic.shape[0] / len(rows)
    figure = Figure(figsize=(STAMPS_PER_ROW + 2, len(rows)), layout="constrained")
    axis = figure.subplots()
    axis.imshow(mosaic, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axis.set_xticks([])
    axis.set_title(str(orientation), fontsize=9)
    labels = [f"{shown_name(name)} {recipe.stamps[number]}" for name, number in rows]
    axis.set_yticks([(column + 0.5) * side for column in range(len(rows))], labels)
    save_figure(figure, path)


def _strip(images: Array, orientation: Orientation) -> Array:
    """Return the first images (n, side, side) in a row, each with a light edge."""
    side = images.shape[1]
    shown = np.ones((STAMPS_PER_ROW, side + 2, side + 2), np.float32)
    for column, image in enumerate(images[:STAMPS_PER_ROW]):
        shown[column, 1:-1, 1:-1] = orientation.apply(image)
    return np.hstack(list(shown))

"""Figures of stamps and of distributions, drawn without a display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from stampapp.training.comparisons import Values
from stampapp.training.examples import Array, Texts

mpl.use("Agg")

from matplotlib import pyplot as plt  # the backend must be chosen before

COLUMNS = 6
BINS = 30


def save(figure: Any, path: Path) -> None:
    """Write the figure as a small PNG and forget it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80, bbox_inches="tight")
    plt.close(figure)


def histograms(
    sky: Mapping[str, Values], simulated: Mapping[str, Values], names: Sequence[str], path: Path
) -> None:
    """Draw each quantity's distribution in both samples, between the sky's 1 and 99 per cent."""
    rows = -(-len(names) // COLUMNS)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=(3 * COLUMNS, 2.2 * rows), squeeze=False)
    for axis, name in zip(axes.flat, names, strict=False):
        both = np.concatenate([np.percentile(side[name], (1, 99)) for side in (sky, simulated)])
        edges = np.linspace(both.min(), both.max() + 1e-9, BINS + 1)
        for side, label in ((sky, "sky"), (simulated, "simulated")):
            weights = np.full(len(side[name]), 1 / len(side[name]))
            axis.hist(side[name], edges, weights=weights, histtype="step", label=label)
        axis.set_title(name, fontsize=9)
        axis.tick_params(labelsize=7)
    for axis in axes.flat[len(names) :]:
        axis.axis("off")
    axes.flat[0].legend(fontsize=7)
    save(figure, path)


def gallery(
    groups: Mapping[str, Array], channels: Sequence[str], path: Path, across: int = 8
) -> None:
    """Draw the first stamps of each group: images (n, side, side, channels) in [0, 1]."""
    rows = len(groups) * len(channels)
    figure, axes = plt.subplots(rows, across, figsize=(across, rows), squeeze=False)
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
    for place, (name, images) in enumerate(groups.items()):
        for number, channel in enumerate(channels):
            line = axes[place * len(channels) + number]
            label = f"{name}\n{channel}"
            line[0].set_ylabel(label, fontsize=6, rotation=0, ha="right", va="center")
            for axis, image in zip(line, images[..., number], strict=False):
                axis.imshow(image, cmap="gray", vmin=0, vmax=1, origin="lower")
    figure.subplots_adjust(wspace=0.02, hspace=0.02)
    save(figure, path)


def by_class(images: Array, labels: Texts, classes: Sequence[str]) -> dict[str, Array]:
    """Return the images of each class that has any."""
    return {name: images[labels == name] for name in classes if (labels == name).any()}

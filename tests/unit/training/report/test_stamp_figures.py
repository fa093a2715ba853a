from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from stampapp.alerts.surveys import Survey
from stampapp.training.data.recipes import survey_recipe
from stampapp.training.evaluation.predictions import Predictions
from stampapp.training.fitting.epochs import Epoch
from stampapp.training.report import stamp_figures, training_figures

LARGEST = 250_000


def drawn(path: Path) -> np.ndarray:
    """Return the pixels of a figure that is small and not blank."""
    assert path.stat().st_size < LARGEST
    pixels = np.asarray(imread(path))
    assert pixels[..., :3].std() > 0.02
    return pixels


@pytest.mark.parametrize("n", [1, 30])
def test_stamps_of_small_and_large_groups_are_plotted(tmp_path: Path, n: int) -> None:
    recipe = survey_recipe(Survey.ZTF)
    images = np.random.default_rng(0).random((n, 21, 21, len(recipe.stamps)), np.float32)
    path = tmp_path / "new" / "stamps.png"
    stamp_figures.plot_stamps({"SN": images, "VS": images[:1]}, recipe, path)
    drawn(path)


@pytest.mark.parametrize(("survey", "is_first_row_up"), [(Survey.ZTF, True), (Survey.ATLAS, False)])
def test_the_first_row_of_stamps_lies_where_the_survey_has_it(
    tmp_path: Path, survey: Survey, is_first_row_up: bool
) -> None:
    recipe = survey_recipe(survey)
    images = np.zeros((12, 20, 20, len(recipe.stamps)), np.float32)
    images[:, :10] = 1.0
    stamp_figures.plot_stamps({"SN": images}, recipe, tmp_path / "stamps.png")
    dark = np.flatnonzero((drawn(tmp_path / "stamps.png")[..., 0] < 0.3).mean(axis=1) > 0.5)
    # The frame is the first dark line; after it the second half of each stamp is dark.
    bright_after_frame = int(np.diff(dark)[np.diff(dark) > 1][0])
    assert (bright_after_frame > 20) is is_first_row_up


def test_histograms_of_different_sizes_and_constant_values(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sky = {"mag": rng.normal(size=30), "flag": np.zeros(30)}
    simulated = {"mag": rng.normal(size=300), "flag": np.zeros(300)}
    stamp_figures.plot_histograms(sky, simulated, list(sky), tmp_path / "features.png")
    drawn(tmp_path / "features.png")


def test_figures_of_a_training(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(3), 200)
    predictions = Predictions(
        classes=("a", "b", "c"), truth=rng.integers(3, size=200), probabilities=probabilities
    )
    epoch = Epoch(training_loss=1.0, validation_loss=0.9, balanced_accuracy=0.5, seconds=1.0)
    training_figures.plot_confusion(
        predictions.confusion_matrix, predictions.classes, tmp_path / "confusion.png"
    )
    training_figures.plot_reliability(
        {"before": predictions, "after": predictions}, tmp_path / "reliability.png"
    )
    training_figures.plot_learning([epoch, epoch], tmp_path / "learning.png")
    for name in ("confusion", "reliability", "learning"):
        drawn(tmp_path / f"{name}.png")

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stampapp.classifiers.model_folder.description import Feature, Origin
from stampapp.classifiers.model_folder.self_test import read_self_test
from stampapp.classifiers.model_folder.store import read_description
from stampapp.classifiers.network.network import Network
from stampapp.errors import ConfigError
from stampapp.training import train
from stampapp.training.data.dataset import Dataset
from stampapp.training.data.examples import Examples
from stampapp.training.data.ztf import PLUGIN as ZTF
from stampapp.training.evaluation import evaluate
from stampapp.training.report import model_card
from stampapp.training.report.model_card import Report
from stampapp.training.train import TrainingTask
from tests.unit.training.fitting.test_fit import HYPERPARAMETERS

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

FEATURE = Feature(name="rb", mean=0.0, std=1.0, lower=None, upper=None)
RECIPE = replace(
    ZTF, crop=9, kernel=1, features=(FEATURE, replace(FEATURE, name="fwhm", upper=10.0))
)


def population(n: int, seed: int) -> Examples:
    """Objects of two alerts each, whose first feature determines their class."""
    rng = np.random.default_rng(seed)
    place = np.arange(n) // 2 % 5
    features = rng.normal(size=(n, 2))
    features[:, 0] += 6.0 * place
    return Examples(
        crops=rng.normal(size=(n, 3, 9, 9)).astype(np.float32),
        features=features,
        labels=np.array(RECIPE.classes)[place],
        candids=np.arange(n).astype(np.str_),
        objects=(np.arange(n) // 2).astype(np.str_),
    )


DATASET = Dataset(
    examples=population(600, 1),
    origin=Origin.LABELLED,
    source="labels.csv with 600 labels",
    source_sha256="a" * 64,
    notes=("Read: 600 alerts.",),
    seconds=1.0,
)


def task(folder: Path) -> TrainingTask:
    return TrainingTask(
        recipe=RECIPE,
        hyperparameters=replace(HYPERPARAMETERS, epochs=4),
        name="tried",
        version="1",
        folder=folder,
        command="python -m stampapp.training train",
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models") / "tried"


@pytest.fixture(scope="module")
def report(folder: Path) -> Report:
    return train.train_model(DATASET, task(folder))


def test_written_model_classifies_new_alerts(folder: Path, report: Report) -> None:
    description = read_description(folder)
    assert description == report.description
    assert (description.origin, description.source) == (Origin.LABELLED, DATASET.source)
    answers = read_self_test(folder, description)
    assert answers is not None
    network = Network.load(folder, description)
    again = network.predict(answers.images, answers.features)
    np.testing.assert_allclose(again, answers.probabilities, atol=1e-6)
    predictions = evaluate.predict(folder, description, population(200, 2))
    assert (predictions.predicted == predictions.truth).mean() > 0.7
    assert json.loads((folder / "model.json").read_text())["crop"] == 9


def test_every_alert_is_in_one_part(report: Report) -> None:
    parts = {name: sum(counts.values()) for name, counts in report.counts.items()}
    assert parts == {"training": 480, "validation": 60, "test": 60}
    assert len(report.calibrated.truth) == 60


def test_calibration_changes_no_class(report: Report) -> None:
    assert report.temperature != pytest.approx(1.0, abs=1e-3)
    assert np.array_equal(report.uncalibrated.predicted, report.calibrated.predicted)
    assert np.abs(report.uncalibrated.probabilities - report.calibrated.probabilities).max() > 1e-3


def test_card_and_figures_are_written(folder: Path, report: Report) -> None:
    text = (folder / model_card.CARD).read_text()
    assert text == model_card.render_card(report)
    figures = (model_card.CONFUSION, model_card.RELIABILITY, model_card.LEARNING, model_card.STAMPS)
    for name in figures:
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
        assert f"]({name})" in text


def test_unwritable_folder_raises_before_the_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot be written into .*file"):
        train.train_model(DATASET, task(tmp_path / "file" / "model"))


def test_too_few_examples_raise_and_write_nothing(tmp_path: Path) -> None:
    few = replace(DATASET, examples=DATASET.examples.take(np.arange(90)))
    with pytest.raises(ConfigError, match=r"too few objects of AGN \(9\)"):
        train.train_model(few, task(tmp_path / "model"))
    assert not (tmp_path / "model").exists()

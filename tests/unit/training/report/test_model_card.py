from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.model_folder.description import ModelDescription, Origin
from stampapp.errors import ConfigError
from stampapp.training.data.augmentation import Augmentation
from stampapp.training.data.ztf import PLUGIN as ZTF
from stampapp.training.evaluation.predictions import Predictions
from stampapp.training.fitting.epochs import Epoch
from stampapp.training.report import model_card
from stampapp.training.report.model_card import CARD, Report

DESCRIPTION = ModelDescription(
    name="stampapp_ztf_simulated",
    version="0.1.0",
    survey=Survey.ZTF,
    classes=("SN", "VS"),
    features=ZTF.features[:3],
    stamps=ZTF.stamps,
    stamp_shape=ZTF.stamp_shape,
    crop=21,
    kernel=3,
    network_file="network-01234567.keras",
    network_sha256="0" * 64,
    origin=Origin.SIMULATED,
    source="600 simulated alerts of seed 3",
    source_sha256="f" * 64,
)
UNCALIBRATED = Predictions(
    classes=("SN", "VS"),
    truth=np.array([0, 0, 1]),
    probabilities=np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]),
)
EPOCHS = [
    Epoch(training_loss=1.0, validation_loss=loss, balanced_accuracy=0.5, seconds=2.0)
    for loss in (0.9, 0.7, 0.8)
]
REPORT = Report(
    description=DESCRIPTION,
    counts={"training": {"SN": 300, "VS": 180}, "test": {"SN": 2, "VS": 1}},
    notes=("A note.",),
    settings={"rate": 0.001},
    epochs=EPOCHS,
    temperature=1.25,
    uncalibrated=UNCALIBRATED,
    calibrated=replace(
        UNCALIBRATED, probabilities=np.array([[0.99, 0.01], [0.4, 0.6], [0.4, 0.6]])
    ),
    seconds={"data": 12.0, "training": 34.4},
    command="python -m stampapp.training train --survey ZTF",
)


def test_card_has_all_contents() -> None:
    text = model_card.render_card(REPORT)
    for part in (
        "# stampapp_ztf_simulated 0.1.0\n",
        "`network-01234567.keras`",
        "science, template and difference stamps and 3 features",
        "Source: 600 simulated alerts of seed 3.\nA note.",
        "f" * 64,
        "| training | 300 | 180 | 480 |",
        "stopped after 3 epochs and kept the weights of epoch 2",
        "divided by 1.250",
        "| rate    | 0.001 |",
        "| training |      34 |",
        "0.750 (0.500 to 1.000)",
        f"is {UNCALIBRATED.calibration_error:.3f} before and",
        f"{REPORT.calibrated.calibration_error:.3f} after calibration",
        "| sgscore1  |     -1 |       - |    0 |         1 |",
        "```console\npython -m stampapp.training train --survey ZTF\n```",
        *(f"]({name})" for name in ("stamps.png", "confusion.png", "reliability.png")),
        "](learning.png)",
    ):
        assert part in text
    assert UNCALIBRATED.calibration_error != pytest.approx(REPORT.calibrated.calibration_error)


def test_card_warns_of_training_on_simulated_alerts() -> None:
    assert "not on real ones" in model_card.render_card(REPORT)
    assert "for production use the published weights." in model_card.render_card(REPORT)
    without = replace(REPORT, description=replace(DESCRIPTION, survey=Survey.LSST))
    assert "no weights are published: compare" in model_card.render_card(without)
    of_user = replace(REPORT, description=replace(DESCRIPTION, origin=Origin.LABELLED))
    assert "not on real ones" not in model_card.render_card(of_user)


def test_settings_of_nested_dataclasses_are_flat() -> None:
    how = Augmentation(feature_noise=0.1, feature_dropout=0.2, blindness=0.3, pixel_noise=0.0)
    assert model_card.flat_settings(how) == {
        "feature_noise": 0.1,
        "feature_dropout": 0.2,
        "blindness": 0.3,
        "pixel_noise": 0.0,
    }


def test_section_is_added_then_replaced(tmp_path: Path) -> None:
    model_card.write_card(tmp_path, model_card.render_card(REPORT))
    model_card.replace_section(tmp_path, "Evaluation", "first")
    model_card.replace_section(tmp_path, "Evaluation", "second")
    text = (tmp_path / CARD).read_text()
    assert text.startswith(model_card.render_card(REPORT))
    assert text.endswith("\n## Evaluation\n\nsecond\n")
    assert "first" not in text.removeprefix(model_card.render_card(REPORT))
    assert [path.name for path in tmp_path.iterdir()] == [CARD]


def test_folder_without_card_raises(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"MODEL_CARD\.md cannot be read: No such file"):
        model_card.replace_section(tmp_path, "Evaluation", "text")

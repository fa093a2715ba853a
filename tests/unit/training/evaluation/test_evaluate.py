from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.model_folder.description import ModelDescription, Origin
from stampapp.classifiers.model_folder.store import write_model
from stampapp.training.data import examples
from stampapp.training.data.ztf import PLUGIN as ZTF
from stampapp.training.evaluation import evaluate
from stampapp.training.evaluation.predictions import Predictions
from tests.support import learnable_alerts

CLASSES = ZTF.classes


def test_evaluation_of_simulated_alerts_as_text() -> None:
    found = np.eye(5)[[0, 2, 1, 1, 2]]
    predictions = Predictions(classes=CLASSES, truth=np.array([0, 0, 1, 1, 2]), probabilities=found)
    text = evaluate.render_evaluation(predictions)
    assert "0.833" in text
    assert ["AGN", "1", "0", "1", "0", "0"] in [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()
    ]


def description(**changes: object) -> ModelDescription:
    usual: dict[str, object] = {
        "name": "tried",
        "version": "1",
        "survey": Survey.ZTF,
        "classes": CLASSES,
        "features": ZTF.features,
        "stamps": ZTF.stamps,
        "stamp_shape": ZTF.stamp_shape,
        "crop": ZTF.crop,
        "kernel": 1,
        "network_file": "network.keras",
        "network_sha256": "",
        "origin": Origin.SIMULATED,
        "source": "600 simulated alerts of seed 3",
        "source_sha256": "0" * 64,
    }
    return ModelDescription(**usual | changes)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_predictions_of_the_network_in_a_folder(tmp_path: Path) -> None:
    from stampapp.classifiers.network import deephits
    from stampapp.classifiers.network.network import Network
    from stampapp.classifiers.network.tensorflow import keras

    keras.utils.set_random_seed(1)
    model = deephits.build_network(1, len(ZTF.features))
    described = write_model(tmp_path, description(), model.save)
    seen = [examples.extract_inputs(learnable_alerts.alert(1, index), ZTF) for index in range(7)]
    known = examples.to_examples(seen, [""] * 7, ZTF)
    predictions = evaluate.predict(tmp_path, described, known)
    images, values = known.images(), known.features.astype(np.float32)
    expected = Network(model, (8,)).predict(images, values)
    assert np.abs(predictions.probabilities - expected).max() < 1e-6
    assert predictions.truth.tolist() == [-1] * 7

"""Both engines on all real alerts, through the classifier: published and shipped models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from stampapp import classifiers
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.base import PreparedAlert
from stampapp.classifiers.batch import prepare_alert
from stampapp.classifiers.model_folder.store import read_description
from stampapp.classifiers.survey_classifier import NetworkClassifier
from stampapp.commands.import_model import import_published_model
from stampapp.config.compute import ComputeSettings, Device, Engine
from stampapp.config.model_settings import ModelSettings
from stampapp.config.shipped_models import shipped_model
from stampapp.feeds.alert_files import find_alert_files, read_alerts
from tests.support.lsst_schemas import SCHEMAS
from tests.support.models import write_random
from tests.support.native import needs_native

# Saving in Keras 3.15 triggers a deprecation warning of numpy 2.4.
pytestmark = [
    needs_native,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
REAL = {
    Survey.ZTF: ("ztf_sorting_hat.avro", "ztf_raw"),
    Survey.ATLAS: ("atlas_raw",),
    Survey.LSST: ("lsst_raw",),
}


def loaded(survey: Survey, folder: Path, engine: Engine) -> NetworkClassifier:
    found = classifiers.load(
        ModelSettings(
            survey=survey,
            path=folder,
            name=None,
            version=None,
            # So that the network gets every alert.
            solar_system_rule=False,
            compute=ComputeSettings(engine=engine, device=Device.CPU),
        )
    )
    assert isinstance(found, NetworkClassifier)
    assert found.engine.name is engine
    return found


def real_inputs(classifier: NetworkClassifier, shared_data: Path) -> list[PreparedAlert]:
    paths = [shared_data / name for name in REAL[classifier.rules.survey]]
    for path in paths:
        if not path.exists():
            pytest.skip(f"no real alerts: there is no {path.name} in shared/data")
    decoded = read_alerts(find_alert_files(paths), schemas=SCHEMAS)
    prepared = [prepare_alert(one, classifier) for one in decoded]
    return [one for one in prepared if isinstance(one, PreparedAlert)]


def greatest_difference(survey: Survey, folder: Path, shared_data: Path) -> float:
    native, tensorflow = (
        loaded(survey, folder, engine) for engine in (Engine.NATIVE, Engine.TENSORFLOW)
    )
    inputs = real_inputs(native, shared_data)
    assert len(inputs) > 1
    found: list[npt.NDArray[np.float64]] = [
        np.asarray(one.predict(inputs)) for one in (native, tensorflow)
    ]
    assert found[0].shape == (len(inputs), len(native.classes))
    np.testing.assert_allclose(found[0].sum(axis=1), 1.0, atol=1e-5)
    # The models answer differently for different alerts, so that the comparison says something.
    assert np.ptp(found[0], axis=0).max() > 1e-3
    return float(np.abs(found[0] - found[1]).max())


@pytest.mark.parametrize("survey", Survey)
def test_shipped_models_on_all_real_alerts(survey: Survey, shared_data: Path) -> None:
    assert greatest_difference(survey, shipped_model(survey), shared_data) <= 1e-5


def test_the_published_weights_on_all_real_alerts(shared_data: Path, tmp_path: Path) -> None:
    import_published_model(shared_data / "ztf_model_2020-06.zip", tmp_path / "ztf", None)
    assert greatest_difference(Survey.ZTF, tmp_path / "ztf", shared_data) <= 1e-5


@pytest.mark.parametrize("kernel", [3, 5])
def test_random_weights_in_both_published_shapes_on_all_real_alerts(
    kernel: int, shared_data: Path, tmp_path: Path
) -> None:
    shipped = read_description(shipped_model(Survey.ZTF))
    write_random(tmp_path, replace(shipped, kernel=kernel, network_file="network.keras"))
    assert greatest_difference(Survey.ZTF, tmp_path, shared_data) <= 1e-5

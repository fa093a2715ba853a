"""What the network of LSST's model gets of Rubin's real alerts, and what it says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from stampapp import classifiers
from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.lsst import extract_inputs
from stampapp.config.model_settings import ModelSettings
from stampapp.errors import BadAlert
from stampapp.feeds.alert_files import find_alert_files, read_alerts
from stampapp.results.outcome import Classification
from stampapp.training.data.lsst import PLUGIN
from tests.support.lsst_schemas import SCHEMAS

FOLDER = Path(__file__).parents[3] / "model" / "lsst"
# By candid: an asteroid, a dipole, a nucleus that brightened, a noise peak.
MEASURED = {
    "170094456480989258": {
        **{"sign": 1.0, "signal": 3.69, "lopsided": 0.02, "contrast": 5.65, "before": 1.03},
        **{"now": 4.37, "width": 1.02, "misaligned": -5.70, "real_bogus": 9.21},
    },
    "170094456523456557": {
        **{"sign": 1.0, "signal": 2.67, "lopsided": 0.91, "contrast": -3.37, "before": 8.77},
        **{"trough": -3.62, "elongation": 3.0, "misaligned": 5.74, "real_bogus": 0.193},
    },
    "170094456277565473": {
        **{"sign": 1.0, "signal": 2.73, "lopsided": 0.01, "contrast": -1.84, "before": 7.64},
        **{"separation": 0.303, "nucleus_compact": 0.97, "nucleus_distance": 0.0},
    },
    "169813006247002380": {"signal": 1.88, "before": -1.56, "now": 2.29, "real_bogus": -1.669},
}


@pytest.fixture(scope="module")
def alerts(shared_data: Path) -> dict[str, Alert]:
    folder = shared_data / "lsst_raw"
    if not folder.is_dir():
        pytest.skip("no real alerts of LSST: there is no folder lsst_raw in shared/data")
    found = list(read_alerts(find_alert_files([folder]), schemas=SCHEMAS))
    assert not [one for one in found if isinstance(one, BadAlert)]
    return {one.candid: one for one in found if isinstance(one, Alert)}


@pytest.mark.parametrize("candid", MEASURED)
def test_what_is_measured_in_real_alerts(alerts: dict[str, Alert], candid: str) -> None:
    prepared = extract_inputs(alerts[candid], PLUGIN)
    for name, value in MEASURED[candid].items():
        assert prepared.alert.extra_fields[name] == pytest.approx(value, abs=0.006), name
    assert [crop.shape for crop in prepared.crops] == [(23, 23)] * 3


# By candid: an asteroid, a dipole, a nucleus that brightened, a noise peak; the network's
# probability of each class that it finds.
FOUND = {
    "170094456480989258": ("asteroid", 0.994),
    "170094456523456557": ("bogus", 0.807),
    "170094456277565473": ("AGN", 0.864),
    "169813006247002380": ("bogus", 0.999),
}


def test_what_the_shipped_network_says_of_real_alerts(alerts: dict[str, Alert]) -> None:
    settings = ModelSettings(
        survey=Survey.LSST, path=FOLDER, name=None, version=None, solar_system_rule=False
    )
    classifier = classifiers.load(settings)
    chosen = [alerts[candid] for candid in FOUND]
    results = classifier.classify([classifier.prepare_alert(alert) for alert in chosen])
    for (name, probability), one in zip(FOUND.values(), results, strict=True):
        assert isinstance(one, Classification)
        assert one.class_name == name
        assert one.probabilities[name] == pytest.approx(probability, abs=3e-3)


def test_the_fitted_significance_is_that_of_rubin(alerts: dict[str, Alert]) -> None:
    for candid, snr in (("170094456480989258", 37.28), ("169813006395375696", 24.2)):
        assert alerts[candid].extra_fields["snr"] == pytest.approx(snr, abs=0.01)
        signal = extract_inputs(alerts[candid], PLUGIN).alert.extra_fields["signal"]
        assert isinstance(signal, float)
        assert 2.718281828**signal - 1 == pytest.approx(snr, rel=0.08)

"""What the network of LSST's model gets of Rubin's real alerts, and what it says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from stampapp.alerts.alert import Alert
from stampapp.classifiers.lsst import extract_inputs
from stampapp.errors import BadAlert
from stampapp.feeds.alert_files import find_alert_files, read_alerts
from stampapp.training.data.lsst import PLUGIN
from tests.support.lsst_schemas import SCHEMAS

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


def test_the_fitted_significance_is_that_of_rubin(alerts: dict[str, Alert]) -> None:
    for candid, snr in (("170094456480989258", 37.28), ("169813006395375696", 24.2)):
        assert alerts[candid].extra_fields["snr"] == pytest.approx(snr, abs=0.01)
        signal = extract_inputs(alerts[candid], PLUGIN).alert.extra_fields["signal"]
        assert isinstance(signal, float)
        assert 2.718281828**signal - 1 == pytest.approx(snr, rel=0.08)

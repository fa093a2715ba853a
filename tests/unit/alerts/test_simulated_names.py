from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from stampapp.alerts import packets
from stampapp.alerts.alert import Alert
from stampapp.alerts.simulated_names import is_simulated, simulated_oid
from stampapp.alerts.surveys import Survey
from stampapp.demo.alert_loop import loop_alerts
from stampapp.simulation.simulate import simulate_alert
from tests.support.alerts import alert
from tests.support.lsst_alerts import lsst_alert

MODELS = Path(__file__).parents[3] / "model"


@pytest.mark.parametrize("survey", Survey)
@pytest.mark.parametrize(("seed", "index"), [(0, 0), (10**9 + 7, 3)])
def test_simulated_alerts_are_known_by_their_names(survey: Survey, seed: int, index: int) -> None:
    assert is_simulated(simulate_alert(survey, seed, index).alert)


def test_the_number_of_a_simulated_lsst_object_is_no_other_and_fits_into_64_bits() -> None:
    oids = [simulated_oid(Survey.LSST, number) for number in ("0" * 15, "0" * 14 + "1", "9" * 15)]
    assert len(set(oids)) == len(oids)
    for oid in oids:
        assert 0 < int(oid) < 2**63
        assert is_simulated(lsst_alert(oid=oid))
    assert not is_simulated(lsst_alert())


def test_they_are_known_in_every_round_of_the_demo() -> None:
    files = sorted(MODELS.glob("*/sample.avro"))
    for message in islice(loop_alerts(files, tuple(Survey), print), 3 * len(files)):
        assert is_simulated(packets.decode_alert(message.value))


@pytest.mark.parametrize(
    "oid",
    [
        "ZTF20abcdefg",
        "ZTF18simaaaa",
        "ZTFSIM",
        "ZTFSIM12",
        "ATLASSIM000001000000000",
        "xZTFSIM000001000000000",
        "ZTFSIM000001000000000x",
        "ZTFSIM000001000000000\n",
        "000001000000000",
        "",
    ],
)
def test_other_names_are_not(oid: str) -> None:
    assert not is_simulated(alert(oid=oid, survey=Survey.ZTF))


def test_no_real_alert_is_taken_for_simulated(shared_data: Path) -> None:
    files = [*shared_data.glob("ztf_sorting_hat*.avro"), *shared_data.glob("*_raw/*.avro")]
    count = 0
    for path in files:
        with path.open("rb") as source:
            for one in packets.decode_records(source):
                assert isinstance(one, Alert)
                assert not is_simulated(one)
                count += 1
    assert count > 250

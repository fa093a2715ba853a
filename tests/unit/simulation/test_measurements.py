from __future__ import annotations

import numpy as np
import pytest

from stampapp.simulation import detection_history, measurements
from stampapp.simulation.detections import Detection
from stampapp.simulation.ztf import CAMERA as ZTF
from tests.support.ideal_exposures import exposure


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def detected(snr: float, sharpness: float = 1.0) -> Detection:
    flux = snr * exposure().point_noise
    return Detection(x=0.0, y=0.0, sign=1, flux=flux, snr=snr, sharpness=sharpness)


def test_the_magnitude_is_that_of_the_flux_and_its_error_that_of_the_noise() -> None:
    seen = exposure()
    values = [measurements.photometry(rng(seed), seen, detected(10.0), 0.0) for seed in range(40)]
    assert {one["magpsf"] for one in values} == {seen.magnitude(detected(10.0).flux)}
    # 1.0857 over the significance.
    assert np.mean([one["sigmapsf"] for one in values]) == pytest.approx(0.11, rel=0.2)


def test_photometry_is_worse_on_bright_sources() -> None:
    clean, crowded = (
        measurements.photometry(rng(), exposure(), detected(30.0), under)["sigmapsf"]
        for under in (0.0, 1e5)
    )
    assert crowded > 1.5 * clean


def test_sharp_detections_have_a_smaller_width() -> None:
    widths = {
        sharpness: np.median(
            [
                measurements.shape(rng(seed), exposure(), detected(200.0, sharpness))["fwhm"]
                for seed in range(40)
            ]
        )
        for sharpness in (1.0, 2.5)
    }
    assert widths[2.5] < 0.8 * widths[1.0]
    assert widths[1.0] == pytest.approx(exposure().fwhm, rel=0.25)


def test_shapes_are_physically_possible() -> None:
    for seed in range(60):
        values = measurements.shape(rng(seed), exposure(), detected(5.0 + seed))
        assert 0.0 <= values["classtar"] <= 1.0
        assert values["elong"] >= 1.0
        assert values["aimage"] >= values["bimage"] > 0


def test_real_bogus_is_a_probability_and_mostly_correct() -> None:
    values = {
        label: [
            measurements.real_bogus(rng(seed), detected(20.0), 0.0, label) for seed in range(200)
        ]
        for label in ("SN", "bogus")
    }
    assert all(0.0 < value < 1.0 for scores in values.values() for value in scores)
    assert np.mean(np.array(values["SN"]) > np.array(values["bogus"])) > 0.9


@pytest.mark.parametrize("label", ["AGN", "SN", "VS", "asteroid", "bogus"])
def test_detections_are_at_most_visits_and_not_before_the_survey(
    label: str,
) -> None:
    for seed in range(100):
        mjd = ZTF.first_mjd + 20.0 * seed
        values = detection_history.draw_detection_history(rng(seed), ZTF, label, mjd)
        assert 1 <= values["ndethist"] <= max(values["ncovhist"], 1)
        assert ZTF.first_mjd <= values["jdstarthist"] - 2400000.5 <= mjd
        assert values["jdendhist"] == mjd + 2400000.5


def test_detection_counts_by_class() -> None:
    often = {
        label: np.median(
            [
                detection_history.draw_detection_history(rng(seed), ZTF, label, 60000.0)["ndethist"]
                for seed in range(100)
            ]
        )
        for label in ("AGN", "SN", "VS", "asteroid")
    }
    assert often["asteroid"] == 1
    assert often["asteroid"] < often["SN"] < min(often["AGN"], often["VS"])

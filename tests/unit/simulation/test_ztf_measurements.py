from __future__ import annotations

import math

import numpy as np
import pytest

from stampapp.simulation import ztf_measurements
from stampapp.simulation.detections import Detection
from tests.support.ideal_exposures import exposure


def measured(
    flux_to_noise: float, *, under: float = 0.0, label: str = "SN", seeds: int = 200
) -> list[dict[str, float]]:
    """Return what is measured of a flux in units of the noise on empty sky."""
    seen = exposure()
    flux = flux_to_noise * seen.fit_noise
    detection = Detection(x=0.0, y=0.0, sign=1, flux=flux, snr=20.0, sharpness=1.0)
    drawn = [
        ztf_measurements.measure(np.random.default_rng(seed), seen, detection, under, label)
        for seed in range(seeds)
    ]
    return [one for one in drawn if one is not None]


def median(found: list[dict[str, float]], name: str) -> float:
    return float(np.median([one[name] for one in found]))


def test_a_flux_below_five_times_its_error_gives_no_alert() -> None:
    assert measured(2.0) == []
    # At the threshold, noise decides.
    assert 0 < len(measured(4.0)) < 200
    assert len(measured(10.0)) == 200


def test_the_magnitude_is_that_of_the_flux_and_its_error_that_of_the_noise() -> None:
    seen, found = exposure(), measured(10.0)
    assert {one["magpsf"] for one in found} == {seen.magnitude(10.0 * seen.fit_noise)}
    expected = 2.5 / math.log(10) * math.sqrt(0.14 + 0.125 * 10.0) / 10.0
    assert median(found, "sigmapsf") == pytest.approx(expected, rel=0.05)
    assert min(one["sigmapsf"] for one in measured(1e5)) >= 0.015


def test_photometry_is_worse_on_bright_sources() -> None:
    assert median(measured(30.0, under=1e5), "sigmapsf") > 1.5 * median(measured(30.0), "sigmapsf")


def test_detections_on_stars_are_often_narrower_than_the_psf() -> None:
    width = exposure().fwhm

    def narrow(under: float) -> float:
        return float(np.mean([one["fwhm"] < 0.9 * width for one in measured(50.0, under=under)]))

    assert narrow(0.0) < 0.2
    assert 0.3 < narrow(1e6) < 0.6


def test_shapes_are_physically_possible() -> None:
    for one in measured(6.0) + measured(100.0, under=1e5):
        assert 0.0 <= one["classtar"] <= 1.0
        assert one["elong"] >= 1.0
        assert one["aimage"] >= one["bimage"] > 0
        assert one["fwhm"] >= 1.0


def test_real_bogus_is_a_probability_and_lower_for_bogus_detections() -> None:
    real, bogus = measured(20.0), measured(20.0, label="bogus")
    assert all(0.0 < one["rb"] < 1.0 for one in real + bogus)
    assert median(real, "rb") > median(bogus, "rb")


def test_image_limits_are_those_of_the_exposure() -> None:
    seen = exposure()
    values = [
        ztf_measurements.image_limits(np.random.default_rng(seed), seen) for seed in range(20)
    ]
    assert np.mean([one["diffmaglim"] for one in values]) == pytest.approx(
        seen.limiting_magnitude, abs=0.1
    )
    assert {one["magzpsci"] for one in values} == {seen.zero_point}

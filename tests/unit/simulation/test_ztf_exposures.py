from __future__ import annotations

import numpy as np
import pytest
from numpy.random import Generator

from stampapp.simulation import ztf_exposures
from stampapp.simulation.exposures import Exposure
from stampapp.simulation.scene import Scene
from stampapp.simulation.ztf import CAMERA


def drawn(count: int = 600) -> list[Exposure]:
    rng = np.random.default_rng(3)
    return [ztf_exposures.draw_exposure(rng, CAMERA) for _ in range(count)]


def empty_scene(_: Generator, exposure: Exposure) -> Scene:
    return Scene(exposure=exposure)


def mean_limit(slope: float) -> float:
    rng = np.random.default_rng(4)
    draw = ztf_exposures.in_weighted_exposure(empty_scene, slope)
    scenes = [draw(rng, ztf_exposures.draw_exposure(rng, CAMERA)) for _ in range(400)]
    return float(np.mean([scene.exposure.limiting_magnitude for scene in scenes]))


def test_one_exposure_in_four_is_dimmed() -> None:
    dimmed = np.mean([one.is_dimmed for one in drawn()])
    assert 0.18 < dimmed < 0.3


def test_seeing_and_noise_stay_within_those_of_the_survey() -> None:
    for one in drawn():
        assert 1.2 <= one.fwhm <= 4.8
        assert 3.5 <= one.noise <= 26.0
        assert one.background > 0
        assert one.template_noise < one.noise


def test_the_median_limit_is_that_of_public_alerts() -> None:
    limits = [one.limiting_magnitude for one in drawn()]
    assert np.median(limits) == pytest.approx(19.4, abs=0.3)
    assert np.quantile(limits, 0.05) < 17.0


def test_deep_exposures_have_more_alerts_of_a_class_with_a_slope() -> None:
    assert mean_limit(0.6) > mean_limit(0.0) + 0.2
    assert mean_limit(-0.3) < mean_limit(0.0) - 0.2

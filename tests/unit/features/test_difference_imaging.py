from __future__ import annotations

import math

import numpy as np
import pytest

from stampapp.features.difference_imaging import NAMES, measure_detection
from stampapp.features.images import Patch
from stampapp.features.noisy_image import NoisyImage, noisy_image
from tests.unit.features.test_noisy_image import psf, star

MIDDLE = (15.0, 15.0)
NOTHING = np.zeros((31, 31))


def galaxy(flux: float, row: float = 15.0, column: float = 15.0) -> Patch:
    return star(flux, row, column, width=4.0)


def image(pixels: Patch, variance: float = 1600.0) -> NoisyImage:
    return noisy_image(pixels, MIDDLE, np.full((31, 31), variance), psf())


def measure(new: Patch, old: Patch = NOTHING) -> dict[str, float]:
    """Measure something new on top of what was there, with a template of a tenth of the noise."""
    return measure_detection(image(old + new), image(old, 16.0), image(new))


def test_the_names_are_those_of_the_values() -> None:
    assert tuple(measure(star(5000.0))) == NAMES


def test_an_asteroid_has_nothing_before() -> None:
    found = measure(star(8000.0))
    significance = 8000.0 / (40.0 * math.sqrt(4 * math.pi) * 2.0)
    assert found["sign"] == 1.0
    assert found["signal"] == pytest.approx(math.log1p(significance), rel=0.01)
    assert found["now"] == pytest.approx(math.asinh(significance), rel=0.01)
    assert found["before"] == found["nucleus"] == found["brightest"] == 0.0
    assert found["width"] == pytest.approx(1.0, abs=0.01)
    assert found["elongation"] == pytest.approx(0.0, abs=1e-6)
    assert found["now_compact"] == pytest.approx(1.0, abs=0.01)
    assert found["sharpness"] == pytest.approx(0.0, abs=0.01)


def test_a_star_that_brightened_by_a_tenth() -> None:
    found = measure(star(10000.0), star(100000.0))
    assert found["contrast"] == pytest.approx(math.log(0.1), abs=0.01)
    assert found["separation"] == pytest.approx(0.0, abs=1e-6)
    assert found["nucleus_compact"] == pytest.approx(1.0, abs=0.01)
    assert found["nucleus_distance"] == 0.0


def test_a_star_that_faded_is_the_same_with_another_sign() -> None:
    brighter, fainter = (measure(sign * star(10000.0), star(100000.0)) for sign in (1, -1))
    assert fainter["sign"] == -1.0
    for name in ("signal", "contrast", "width", "crest", "trough", "separation", "lopsided"):
        assert fainter[name] == pytest.approx(brighter[name], abs=1e-9)


def test_a_supernova_beside_a_galaxy() -> None:
    found = measure(star(8000.0), galaxy(50000.0, row=18.0, column=11.0))
    assert found["separation"] == pytest.approx(5.0, abs=0.3)
    assert found["nucleus_distance"] == pytest.approx(5.0)
    assert found["nucleus_compact"] < 0.8
    assert found["nucleus_width"] > 1.2
    assert found["contrast"] > -1.0


def test_a_dipole_has_two_signs() -> None:
    found = measure(star(5000.0, row=16.5) - star(5000.0, row=13.5), star(100000.0))
    assert found["lopsided"] > 0.95
    assert found["trough"] == pytest.approx(-found["crest"], abs=1e-6)
    assert found["trough"] < -2


def test_a_shifted_template_explains_a_dipole_better_than_a_star_does() -> None:
    shifted = star(100000.0, row=15.1) - star(100000.0)
    assert measure(shifted, star(100000.0))["misaligned"] > 3.0
    assert measure(star(5000.0), galaxy(5000.0, row=18.0, column=11.0))["misaligned"] < -1.0


def test_a_hit_pixel_is_sharper_than_a_star() -> None:
    hit = NOTHING.copy()
    hit[15, 15] = 5000.0
    found = measure(hit)
    assert found["sharpness"] > 1.5
    assert found["residual"] > 3.0
    assert found["width"] < 0.3


def test_a_trail_is_elongated() -> None:
    trail = sum(star(1000.0, column=15.0 + step / 2) for step in range(-8, 9))
    found = measure(np.asarray(trail))
    assert found["elongation"] > 0.2
    assert found["width"] > 1.2


@pytest.mark.parametrize(
    "pixels",
    [
        NOTHING,
        np.full((31, 31), np.nan),
        np.full((31, 31), np.inf),
        np.full((31, 31), -1e30),
        star(1e-300),
        star(3e38),
    ],
    ids=["nothing", "missing", "infinite", "dark", "faint", "huge"],
)
def test_every_value_is_finite_whatever_is_missing(pixels: Patch) -> None:
    for one in (measure(pixels), measure(star(5000.0), pixels), measure(pixels, pixels)):
        assert np.isfinite(list(one.values())).all()

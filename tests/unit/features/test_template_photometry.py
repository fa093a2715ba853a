"""The template photometry on synthetic sources."""

from __future__ import annotations

import numpy as np
import pytest

from stampapp.features import template_photometry
from stampapp.stamps.atlas import NO_DATA_BELOW
from stampapp.stamps.fits_image import Pixels

SKY, NOISE = 420.0, 19.0
ROWS, COLUMNS = np.mgrid[-30:31, -30:31]


def light(flux: float, y: float = 0.0, x: float = 0.0, width: float = 0.9) -> Pixels:
    """Return a round source with this flux; by default as wide as ATLAS's seeing."""
    shape = np.exp(-0.5 * ((ROWS - y) ** 2 + (COLUMNS - x) ** 2) / width**2)
    pixels: Pixels = flux * shape / shape.sum()
    return pixels


def measured(before: Pixels, new: Pixels) -> dict[str, float]:
    """Measure a detection whose noise is all in the science stamp."""
    difference = (new + np.random.default_rng(1).normal(0.0, NOISE, (61, 61))).astype(">f4")
    science = (before + SKY + difference).astype(">f4")
    return template_photometry.measure_template(
        template_photometry.derive_template(science, difference, NO_DATA_BELOW), science, difference
    )


def test_science_minus_difference_is_what_was_subtracted() -> None:
    science, difference = light(900.0) + SKY, light(100.0)
    template = template_photometry.derive_template(science, difference, NO_DATA_BELOW)
    np.testing.assert_allclose(template, light(800.0) + SKY)


def test_pixels_worth_nothing_are_missing_of_the_template_alone() -> None:
    difference = light(100.0)
    difference[3, 4] = -31415.0
    template = template_photometry.derive_template(light(900.0), difference, NO_DATA_BELOW)
    assert np.argwhere(np.isnan(template)).tolist() == [[3, 4]]
    assert difference[3, 4] == -31415.0


def test_before_an_asteroid_there_was_nothing() -> None:
    found = measured(np.zeros((61, 61)), light(3000.0))
    assert abs(found["before"]) < 0.1
    assert abs(found["before_near"]) < 0.1
    assert abs(found["nucleus"]) < 0.1


def test_light_is_measured_in_units_of_the_noise() -> None:
    found = measured(light(5e5), light(3000.0))
    # A star's light within 1.5 pixels: three quarters, here.
    expected = np.arcsinh(0.75 * 5e5 / (NOISE * np.sqrt(np.pi) * 1.5))
    assert found["before"] == pytest.approx(expected, abs=0.1)
    assert found["nucleus"] == found["before"]
    assert found["nucleus_distance"] == 0.0
    assert found["before_concentration"] == found["nucleus_concentration"] > 0.7


def test_a_supernova_is_offset_from_the_nucleus_of_its_host() -> None:
    found = measured(light(9000.0, 3.0, -4.0, 1.5), light(3000.0))
    assert found["nucleus_distance"] == 5.0
    assert found["separation"] == pytest.approx(5.0, abs=0.1)
    assert found["nucleus"] > found["before"] + 1.0
    assert found["nucleus_concentration"] < 0.5


@pytest.mark.parametrize("x", [0.0, 0.2, 0.4])
def test_the_separation_is_finer_than_a_pixel(x: float) -> None:
    found = measured(light(1e5), light(2e4, 0.0, x))
    assert found["nucleus_distance"] == 0.0
    # Of three by three pixels, so it falls short.
    assert found["separation"] == pytest.approx(0.63 * x, abs=0.06)


def test_a_galaxy_is_wider_than_a_star() -> None:
    star, galaxy = (measured(light(2e4, width=width), light(1e3)) for width in (0.9, 2.5))
    assert star["nucleus_width"] == pytest.approx(1.27, abs=0.1)
    assert galaxy["nucleus_width"] > 2.5


def test_a_trail_is_longer_than_wide() -> None:
    trail = sum(light(1000.0, 0.5 * step, 0.5 * step) for step in range(-5, 6))
    assert isinstance(trail, np.ndarray)
    assert measured(np.zeros((61, 61)), trail)["elongation"] > 0.5
    assert measured(np.zeros((61, 61)), light(1e4))["elongation"] < 0.15


def test_a_misplaced_star_leaves_a_negative_residual() -> None:
    dipole = light(9000.0, 0.0, 0.5) - light(9000.0, 0.0, -1.5)
    assert measured(light(1e5), dipole)["hollow"] < -0.8
    assert measured(light(1e5), light(9000.0))["hollow"] > -0.1


NOTHING = np.full((61, 61), np.nan, ">f4")
HUGE = np.full((61, 61), 3e38, ">f4")


@pytest.mark.parametrize(
    "science", [light(9.0), NOTHING, HUGE, -HUGE, HUGE.astype(">f8") ** 4 * 10]
)
@pytest.mark.parametrize("difference", [light(5.0), NOTHING, HUGE, -HUGE])
def test_every_value_is_finite_whatever_is_missing(science: Pixels, difference: Pixels) -> None:
    template = template_photometry.derive_template(science, difference, NO_DATA_BELOW)
    found = template_photometry.measure_template(template, science, difference)
    assert len(found) == 10
    assert np.isfinite(list(found.values())).all()

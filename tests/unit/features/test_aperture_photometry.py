"""What the middle of a pair of stamps shows."""

from __future__ import annotations

import numpy as np
import pytest

from stampapp.features.aperture_photometry import measure_apertures
from stampapp.stamps.fits_image import Pixels


def spot(flux: float, sky: float = 0.0, at: tuple[int, int] = (30, 30)) -> Pixels:
    pixels = np.full((61, 61), sky, dtype=">f4")
    pixels[at] += flux
    return pixels


def blurred(width: float, flux: float = 1000.0) -> Pixels:
    rows, columns = np.mgrid[-30:31, -30:31]
    shape = np.exp(-0.5 * (rows**2 + columns**2) / width**2)
    pixels: Pixels = (flux * shape / shape.sum()).astype(">f4")
    return pixels


def test_all_of_an_asteroids_light_is_new() -> None:
    assert measure_apertures(spot(500.0, sky=1500.0), spot(500.0))["novelty"] == pytest.approx(1.0)


def test_a_star_that_brightened_by_a_tenth() -> None:
    found = measure_apertures(spot(1100.0, sky=400.0), spot(100.0))
    assert found["novelty"] == pytest.approx(100 / 1100)


def test_a_star_that_faded_is_below_zero() -> None:
    assert measure_apertures(spot(1000.0, sky=400.0), spot(-250.0))["novelty"] == pytest.approx(
        -0.25
    )


def test_what_lies_outside_the_middle_does_not_count() -> None:
    far = spot(9000.0, at=(40, 40))
    assert measure_apertures(spot(100.0, sky=50.0) + far, spot(100.0) + far)[
        "novelty"
    ] == pytest.approx(1.0)


@pytest.mark.parametrize(("at", "offset"), [((30, 30), 0.0), ((33, 34), 5.0), ((30, 28), 2.0)])
def test_the_offset_is_that_of_the_brightest_spot(at: tuple[int, int], offset: float) -> None:
    science = blurred(1.0, 100.0) + np.roll(blurred(1.0), (at[0] - 30, at[1] - 30), axis=(0, 1))
    assert measure_apertures(science, spot(100.0))["offset"] == pytest.approx(offset)


def test_a_galaxy_is_less_concentrated_than_a_star() -> None:
    star, galaxy = (measure_apertures(blurred(width), spot(1.0)) for width in (0.85, 2.5))
    assert star["concentration"] > 0.7
    assert 0 < galaxy["concentration"] < 0.3


def test_a_hit_pixel_is_sharper_than_a_star() -> None:
    hit, star = (measure_apertures(blurred(1.0), one) for one in (spot(100.0), blurred(1.0, 100.0)))
    assert hit["sharpness"] == hit["peak"] == pytest.approx(1.0)
    assert star["sharpness"] < 0.85
    assert star["peak"] < 0.2


@pytest.mark.parametrize("flux", [1e6, -1e6])
def test_shares_are_bounded(flux: float) -> None:
    assert measure_apertures(spot(1.0), spot(flux))["novelty"] == np.sign(flux) * 3.0


@pytest.mark.parametrize(
    ("science", "difference"),
    [
        (spot(0.0, sky=100.0), spot(50.0)),
        (spot(-20.0, sky=100.0), spot(50.0)),
        (np.full((61, 61), np.nan, ">f4"), spot(50.0)),
        (spot(100.0), np.full((61, 61), np.nan, ">f4")),
        (spot(np.inf), spot(50.0)),
        (spot(1e-300), spot(3e38)),
    ],
    ids=["no light", "a hole", "no science", "no difference", "infinite", "huge"],
)
def test_every_value_is_finite_whatever_is_missing(science: Pixels, difference: Pixels) -> None:
    found = measure_apertures(science, difference)
    assert found["novelty"] == 0.0
    assert np.isfinite(list(found.values())).all()

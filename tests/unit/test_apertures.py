"""The share of the light that is new."""

from __future__ import annotations

import numpy as np
import pytest

from stampapp.apertures import novelty


def spot(flux: float, sky: float = 0.0, at: int = 30) -> np.ndarray:  # type: ignore[type-arg]
    pixels = np.full((61, 61), sky, dtype=">f4")
    pixels[at, at] += flux
    return pixels


def test_all_of_an_asteroids_light_is_new() -> None:
    assert novelty(spot(500.0, sky=1500.0), spot(500.0)) == pytest.approx(1.0)


def test_a_star_that_brightened_by_a_tenth() -> None:
    assert novelty(spot(1100.0, sky=400.0), spot(100.0)) == pytest.approx(100 / 1100)


def test_a_star_that_faded_is_below_zero() -> None:
    assert novelty(spot(1000.0, sky=400.0), spot(-250.0)) == pytest.approx(-0.25)


def test_what_lies_outside_the_middle_does_not_count() -> None:
    science = spot(100.0, sky=50.0) + spot(9000.0, at=40)
    assert novelty(science, spot(100.0) + spot(9000.0, at=40)) == pytest.approx(1.0)


@pytest.mark.parametrize("flux", [1e6, -1e6])
def test_it_is_bounded(flux: float) -> None:
    assert novelty(spot(1.0), spot(flux)) == np.sign(flux) * 3.0


@pytest.mark.parametrize(
    ("science", "difference"),
    [
        (spot(0.0, sky=100.0), spot(50.0)),
        (spot(-20.0, sky=100.0), spot(50.0)),
        (np.full((61, 61), np.nan, ">f4"), spot(50.0)),
        (spot(100.0), np.full((61, 61), np.nan, ">f4")),
        (spot(np.inf), spot(50.0)),
    ],
    ids=["no light", "a hole", "no science", "no difference", "infinite"],
)
def test_without_light_nothing_is_new(
    science: np.ndarray,  # type: ignore[type-arg]
    difference: np.ndarray,  # type: ignore[type-arg]
) -> None:
    assert novelty(science, difference) == 0.0

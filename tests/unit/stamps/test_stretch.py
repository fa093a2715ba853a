from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stampapp.stamps import stretch
from tests.support.alerts import sky

anything = arrays.arrays(
    np.float32, (7, 9), elements=st.floats(width=32, allow_nan=True, allow_infinity=True)
)


@given(anything)
def test_any_pixels_can_be_drawn(pixels: stretch.Pixels) -> None:
    for draw in (stretch.colour_brightness, stretch.colour_difference):
        colours = draw(pixels)
        assert colours.shape == (7, 9, 3)
        unknown = ~np.isfinite(pixels)
        assert (colours[unknown] == stretch.NO_DATA).all()


def test_what_is_brighter_is_drawn_lighter() -> None:
    pixels = np.sort(sky().ravel()).reshape(63, 63)
    light = stretch.colour_brightness(pixels)[..., 0].astype(int).ravel()
    assert (np.diff(light) >= 0).all()
    assert (light[0], light[-1]) == (0, 255)


def test_noise_stays_visible_next_to_a_bright_star() -> None:
    pixels = sky()
    pixels[5:8, 5:8] = 1e6
    noise = stretch.colour_brightness(pixels)[40:, 40:, 0]
    # A linear scale would leave a thousandth of a grey level.
    assert np.std(noise) > 5
    assert np.mean(noise) < 100


def test_noise_alone_is_not_stretched_to_white() -> None:
    noise = np.random.default_rng(1).normal(200.0, 5.0, (63, 63))
    assert np.mean(stretch.colour_brightness(noise)[..., 0] > 200) < 0.01


def test_a_galaxy_that_fills_the_stamp_leaves_no_grey_over_the_sky() -> None:
    noise = np.random.default_rng(1).normal(0.0, 40.0, (30, 30))
    rows, columns = np.mgrid[:30, :30]
    galaxy = 3000.0 * np.exp(-np.hypot(rows - 14, columns - 22) / 6.0)
    shown = stretch.colour_brightness(galaxy + noise)[..., 0]
    assert np.median(shown[:, :3]) < 60
    assert shown[14, 22] > 230


def test_red_is_positive_and_blue_negative() -> None:
    pixels = np.random.default_rng(1).normal(0.0, 1.0, (63, 63))
    pixels[10, 10], pixels[50, 50] = 500.0, -500.0
    colours = stretch.colour_difference(pixels).astype(int)
    red, blue = colours[10, 10], colours[50, 50]
    assert red[0] > red[2] + 50
    assert blue[2] > blue[0] + 50


def test_nothing_is_white_whatever_the_level_of_the_rest() -> None:
    pixels = np.full((9, 9), 40.0)
    pixels[4, 4], pixels[0, 0] = 0.0, -40.0
    colours = stretch.colour_difference(pixels)
    assert colours[4, 4].tolist() == [246, 246, 246]
    assert colours[0, 0, 2] > colours[0, 0, 0]


@pytest.mark.parametrize("value", [0.0, 5.0, np.nan])
def test_equal_pixels_are_drawn_alike(value: float) -> None:
    for draw in (stretch.colour_brightness, stretch.colour_difference):
        assert len(np.unique(draw(np.full((9, 9), value)).reshape(-1, 3), axis=0)) == 1

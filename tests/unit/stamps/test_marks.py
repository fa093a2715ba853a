from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampapp.alerts.surveys import Survey
from stampapp.stamps import stamp_image
from stampapp.stamps.marks import Label, Marks, marks
from tests.support.alerts import alert, fits, sky
from tests.support.lsst_stamps import cards, cutout, lsst_alert

DEGREES = 1.0 / 3600.0


def drawn_marks(shape: tuple[int, int] = (61, 61), **cards: Any) -> Marks:
    """Return the marks of a stamp whose orientation is what its header says."""
    one = alert(stamps={"science": fits(sky(0, shape), **cards)}, survey=Survey.ATLAS)
    return marks(stamp_image.draw_stamp(one, "science"))


def turned(angle: float, scale: float) -> dict[str, Any]:
    """Return cards that put north at an angle left of up, with a scale in arcsec per pixel."""
    cos, sin = math.cos(angle) * scale * DEGREES, math.sin(angle) * scale * DEGREES
    return {"CD1_1": -cos, "CD1_2": -sin, "CD2_1": -sin, "CD2_2": cos}


def labels(found: Marks) -> dict[str, Label]:
    return {label.text: label for label in found.labels}


def test_the_centre_is_marked_and_left_free() -> None:
    across, upwards = drawn_marks().lines[:2]
    assert across[1] == across[3] == upwards[0] == upwards[2] == 0.5
    assert 0.53 < across[0] < across[2] < 0.65
    assert 0.35 < upwards[1] < upwards[3] < 0.47


@pytest.mark.parametrize(
    ("place", "right", "up"),
    [((20.0, 10.0), 1, -1), ((47.0, 10.0), 1, 1), ((10.0, 39.0), -1, -1), ((47.0, 39.0), -1, 1)],
)
def test_a_source_beside_the_centre_is_marked_within_the_stamp(
    place: tuple[float, float], right: int, up: int
) -> None:
    stamp = cutout(np.zeros((48, 40)), cards(*place, angle=0.0))
    found = marks(stamp_image.draw_stamp(lsst_alert({"science": stamp}), "science"))
    across, upwards = found.lines[:2]
    # The stamp is as high as the square, and in its middle.
    x, y = (4 + place[1] + 0.5) / 48, 1 - (place[0] + 0.5) / 48
    assert across[1] == across[3] == pytest.approx(y)
    assert upwards[0] == upwards[2] == pytest.approx(x)
    assert np.sign(across[2] - x) == np.sign(across[0] - x) == right
    assert np.sign(upwards[1] - y) == np.sign(upwards[3] - y) == up
    assert 0 <= min(across + upwards) <= max(across + upwards) <= 1


@pytest.mark.parametrize(
    ("scale", "side", "text", "length"),
    [(1.01, 63, '10"', 10), (1.862, 61, '20"', 20), (0.2, 30, '1"', 1), (0.01, 61, '0.1"', 0.1)],
)
def test_the_bar_has_the_length_that_it_says(
    scale: float, side: int, text: str, length: float
) -> None:
    found = drawn_marks((side, side), **turned(0.0, scale))
    left, y, right, other = found.lines[2]
    assert (right - left) * side * scale == pytest.approx(length, rel=1e-3)
    assert y == other
    assert left < labels(found)[text].x < right
    assert labels(found)[text].y < y


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_a_scale_beyond_all_cameras_has_no_bar(scale: float) -> None:
    assert len(drawn_marks(**turned(0.0, scale)).lines) == 4


def test_the_bar_of_an_incomplete_stamp_counts_its_longer_side() -> None:
    left, _, right, _ = drawn_marks((20, 61), **turned(0.0, 1.862)).lines[2]
    assert (right - left) * 61 * 1.862 == pytest.approx(20.0, rel=1e-3)


@given(st.floats(0, 2 * np.pi))
def test_the_letters_of_north_and_east_are_inside_and_where_they_point(angle: float) -> None:
    found = drawn_marks(**turned(angle, 1.862))
    north, east = labels(found)["N"], labels(found)["E"]
    for label, arm in ((north, found.lines[-2]), (east, found.lines[-1])):
        assert 0.5 < label.x <= 0.9551
        assert 0.5 < label.y <= 0.9551
        # On the line of its arm, beyond its end.
        along = (label.x - arm[0]) / (arm[2] - arm[0] + 1e-12) if abs(arm[2] - arm[0]) > 0.01 else 2
        assert along > 1.2
    assert north.y < found.lines[-2][1]
    assert east.x < found.lines[-1][0]


def test_where_the_orientation_is_unknown_the_words_say_so() -> None:
    found = drawn_marks()
    assert list(labels(found)) == ["north unknown"]
    assert len(found.lines) == 2

from __future__ import annotations

import numpy as np
import pytest

from stampapp.simulation import lsst_stamps
from stampapp.simulation.lsst_stamps import SIDE, Place


def place(rotation: float = 0.0) -> Place:
    return Place(
        x=100.25,
        y=200.75,
        ra=30.0,
        dec=-40.0,
        rotation=rotation,
        missing=np.zeros((SIDE, SIDE), dtype=np.bool_),
    )


@pytest.mark.parametrize(
    ("rotation", "direction", "bearing"),
    # East is to the left where north is up, as in the sky.
    [(0.0, (0, 1), 0.0), (0.0, (-1, 0), 90.0), (50.0, (0, 1), 50.0), (90.0, (0, 1), 90.0)],
)
def test_bearings_are_from_north_through_east(
    rotation: float, direction: tuple[int, int], bearing: float
) -> None:
    assert place(rotation).bearing(*direction) == pytest.approx(bearing, abs=1e-9)


def test_the_fraction_of_the_pixel_is_that_of_the_detection() -> None:
    rng = np.random.default_rng(1)
    for at in ((0.3, -0.6), (-1.75, 2.5)):
        found = lsst_stamps.draw_place(rng, at, (10.0, -20.0), SIDE, "")
        assert found.x % 1.0 == pytest.approx(at[0] % 1.0)
        assert found.y % 1.0 == pytest.approx(at[1] % 1.0)
        assert 0 <= min(found.x, found.y) <= max(found.x, found.y) < 4072


def test_beside_an_edge_the_detection_is_as_far_from_it_as_pixels_are_there() -> None:
    rng = np.random.default_rng(2)
    beside = []
    for _ in range(40):
        found = lsst_stamps.draw_place(rng, (0.0, 0.0), (10.0, -20.0), SIDE, "edge")
        lost = found.missing.sum() / SIDE
        inside = SIDE - lost
        distance = min(found.x, found.y, 4072 - found.x, 4072 - found.y)
        beside.append(0 <= distance <= inside)
    assert np.mean(beside) > 0.9

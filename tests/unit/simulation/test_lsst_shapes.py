from __future__ import annotations

import math

import numpy as np
import pytest

from stampapp.simulation import lsst_shapes
from stampapp.simulation.image_model import PSF, Image
from stampapp.simulation.lsst_shapes import Moments

HALF = 20
ROWS, COLUMNS = np.mgrid[-HALF : HALF + 1, -HALF : HALF + 1].astype(np.float64)
ROUND = Moments(xx=4.0, yy=4.0, xy=0.0)


def gaussian(xx: float, yy: float, xy: float, at: tuple[float, float] = (0.0, 0.0)) -> Image:
    inverse = np.linalg.inv([[xx, xy], [xy, yy]])
    x, y = COLUMNS - at[0], ROWS - at[1]
    power = inverse[0, 0] * x**2 + 2 * inverse[0, 1] * x * y + inverse[1, 1] * y**2
    image: Image = np.exp(-0.5 * power)
    return image


@pytest.mark.parametrize("at", [(0.0, 0.0), (0.4, -0.3)])
def test_moments_are_those_of_a_gaussian(at: tuple[float, float]) -> None:
    found = lsst_shapes.measure(gaussian(5.0, 3.0, 1.0, at), *at, 2.0)
    assert found is not None
    assert (found.xx, found.yy, found.xy) == pytest.approx((5.0, 3.0, 1.0), rel=0.03)


def test_a_dipole_has_the_moments_of_its_positive_lobe() -> None:
    image = gaussian(4.0, 4.0, 0.0, (1.0, 0.0)) - gaussian(4.0, 4.0, 0.0, (-1.0, 0.0))
    found = lsst_shapes.measure(image, 1.5, 0.0, 2.0)
    assert found is not None
    assert 0 < found.xx < found.yy


def test_an_empty_image_has_no_moments() -> None:
    assert lsst_shapes.measure(np.zeros_like(ROWS), 0.0, 0.0, 2.0) is None


def test_extendedness_grows_with_the_distance_from_the_psf() -> None:
    wider = [Moments(xx=4.0 * times, yy=4.0 * times, xy=0.0) for times in (1.0, 1.1, 1.4, 2.0)]
    found = [lsst_shapes.extendedness(one, ROUND) for one in wider]
    assert found[0] == 0.0
    assert found == sorted(found)
    assert 0.9 < found[-1] <= 1.0


def test_the_trail_of_a_round_source_has_no_length() -> None:
    assert lsst_shapes.trail_length(ROUND) == pytest.approx(0.0)
    # A uniform trail of this length adds length^2 / 12 along its direction.
    trailed = Moments(xx=4.0 + 3.0**2 / 12, yy=4.0, xy=0.0)
    assert lsst_shapes.trail_length(trailed) == pytest.approx(3.0, rel=0.1)
    assert trailed.direction == pytest.approx((1.0, 0.0))
    assert trailed.axes == pytest.approx((4.75, 4.0))


def test_a_psf_of_this_width_has_the_moments_of_its_gaussian_core() -> None:
    found = lsst_shapes.measure(PSF(fwhm=5.0, beta=4.8).at(COLUMNS, ROWS), 0.0, 0.0, 2.1)
    assert found is not None
    assert math.sqrt(found.trace / 2) == pytest.approx(5.0 / 2.355, rel=0.1)

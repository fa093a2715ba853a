from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.network_flops import NetworkShape, direct_flop, shape_of, winograd_flop
from tests.support.atlas import description

# The network of 2020-06.
SHAPE = NetworkShape(crop=21, channels=3, kernel=3, features=23, classes=5)


def test_a_direct_convolution_has_a_product_per_pixel_of_the_kernel() -> None:
    image = 24**2 * 4**2 * 3 * 32 + 9 * (24**2 * 32 * 32 + 12**2 * (32 * 64 + 2 * 64 * 64))
    dense = 6 * 6 * 64 * 64
    assert direct_flop(SHAPE) == 2 * (4 * (image + dense) + 87 * 64 + 64 * 64 + 64 * 5)


@pytest.mark.parametrize(("kernel", "direct", "winograd"), [(3, 157, 45), (5, 421, 74)])
def test_operations_of_the_published_shapes(kernel: int, direct: int, winograd: int) -> None:
    shape = replace(SHAPE, kernel=kernel)
    assert round(direct_flop(shape) / 1e6) == direct
    assert round(winograd_flop(shape) / 1e6) == winograd


def test_an_image_that_is_no_multiple_of_a_tile_is_rounded_up_to_one() -> None:
    # A crop of 22 has images of 25 and 12 pixels: 7 tiles a side instead of 6 in the second layer.
    difference = winograd_flop(replace(SHAPE, crop=22)) - winograd_flop(SHAPE)
    first = (25**2 - 24**2) * 4**2 * 3 * 32
    assert difference == 2 * 4 * (first + (7**2 - 6**2) * 6**2 * 32 * 32)


def test_the_shape_of_a_model_folder() -> None:
    described = description("ra", "dec", "rb", crop=31, kernel=5)
    assert shape_of(described) == NetworkShape(crop=31, channels=2, kernel=5, features=3, classes=5)

"""Floating-point operations of the network for an alert, from the shapes of its layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stampapp.classifiers.model_folder.description import ModelDescription

ROTATIONS = 4
PADDING = 3
FIRST_KERNEL = 4
UNITS = 64
# The side of an output tile of Winograd's method.
TILE = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkShape:
    """What the number of operations depends on; `crop` and `kernel` are sides in pixels."""

    crop: int
    channels: int
    kernel: int
    features: int
    classes: int


def shape_of(description: ModelDescription) -> NetworkShape:
    """Return the shape of the network in a model folder."""
    return NetworkShape(
        crop=description.crop,
        channels=len(description.stamps),
        kernel=description.kernel,
        features=len(description.features),
        classes=len(description.classes),
    )


def direct_flop(shape: NetworkShape) -> int:
    """Return the operations of direct convolutions; a product and its addition are two."""
    return _flop(shape, lambda side: (side * shape.kernel) ** 2)


def winograd_flop(shape: NetworkShape) -> int:
    """Return the operations of Winograd's method, F(4, k) in both directions.

    Only matrix products count, not the transforms of tiles. The first convolution is direct.
    """
    tile_in = TILE + shape.kernel - 1
    return _flop(shape, lambda side: (-(-side // TILE) * tile_in) ** 2)


def _flop(shape: NetworkShape, products: Callable[[int], int]) -> int:
    """Return all operations; `products` are those of an image per pair of channels, by its side."""
    side = shape.crop + 2 * PADDING - FIRST_KERNEL + 1
    half = side // 2
    first = (side * FIRST_KERNEL) ** 2 * shape.channels * 32
    inner = sum(products(at) * pairs for at, pairs in _inner_convolutions(side, half))
    flattened = (half // 2) ** 2 * 64
    turned = first + inner + flattened * UNITS
    once = (UNITS + shape.features) * UNITS + UNITS * UNITS + UNITS * shape.classes
    return 2 * (ROTATIONS * turned + once)


def _inner_convolutions(side: int, half: int) -> Iterator[tuple[int, int]]:
    """Yield the side of the output and the pairs of channels of each."""
    yield side, 32 * 32
    yield half, 32 * 64
    yield half, 64 * 64
    yield half, 64 * 64

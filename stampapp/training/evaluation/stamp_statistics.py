"""Simple statistics of stamps, to compare simulated alerts with real ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stampapp.training.data.examples import Array, Examples

RADII = (0, 1, 2, 3, 4, 6, 8)
QUANTILES = (5, 25, 50, 75, 95)
# Pixels farther than this from the centre count as surroundings.
OUTSKIRTS = 6.0
Measures = dict[str, npt.NDArray[np.float64]]


def measure(examples: Examples, channels: tuple[str, ...]) -> Measures:
    """Return statistics as name → values (n).

    For each normalised channel: moments, quantiles, means in rings around the centre (radius in
    pixels), position and width of the peak, shares of zero and missing pixels, and correlations of
    neighbouring pixels in the outskirts. For each pair of channels: their correlation.
    """
    images = examples.images()
    result: Measures = {}
    for index, name in enumerate(channels):
        of_channel = {**_levels(images[..., index]), **_shapes(images[..., index])}
        of_channel["missing"] = np.isnan(examples.crops[:, index]).mean(axis=(1, 2))
        result |= {
            f"{name}.{key}": np.asarray(value, np.float64) for key, value in of_channel.items()
        }
    for first, second in _pairs(len(channels)):
        key = f"{channels[first]}~{channels[second]}"
        result[key] = _correlation(images[..., first], images[..., second])
    return result


def rings(side: int) -> dict[int, npt.NDArray[np.bool_]]:
    """Return the pixels (side, side) whose distance from the centre rounds to each radius."""
    distance = _distance(side)
    return {radius: np.rint(distance) == radius for radius in RADII if radius <= side // 2}


def _distance(side: int) -> npt.NDArray[np.float64]:
    rows, columns = np.indices((side, side)) - side // 2
    return np.asarray(np.hypot(rows, columns))


def _levels(image: Array) -> dict[str, npt.NDArray[np.floating]]:
    flat = image.reshape(len(image), -1)
    quantiles = np.percentile(flat, QUANTILES, axis=1)
    return {
        "mean": flat.mean(axis=1),
        "std": flat.std(axis=1),
        "zeros": (flat == 0).mean(axis=1),
        **{f"p{q:02}": row for q, row in zip(QUANTILES, quantiles, strict=True)},
        **{f"r{r}": image[:, ring].mean(axis=1) for r, ring in rings(image.shape[1]).items()},
    }


def _shapes(image: Array) -> dict[str, npt.NDArray[np.floating]]:
    side = image.shape[1]
    flat, distance = image.reshape(len(image), -1), _distance(side)
    outside = np.where(distance > OUTSKIRTS, image, np.nan)
    outside = outside - np.nanmedian(outside, axis=(1, 2), keepdims=True)
    return {
        "peak_distance": distance.ravel()[flat.argmax(axis=1)],
        "trough_distance": distance.ravel()[flat.argmin(axis=1)],
        "fwhm_pixels": (flat > 0.5).sum(axis=1),
        "outskirts_std": np.nanstd(outside, axis=(1, 2)),
        "neighbours_x": _neighbours(outside[:, :, 1:], outside[:, :, :-1]),
        "neighbours_y": _neighbours(outside[:, 1:], outside[:, :-1]),
        "neighbours_2": _neighbours(outside[:, :, 2:], outside[:, :, :-2]),
    }


def _neighbours(one: Array, other: Array) -> npt.NDArray[np.floating]:
    both = np.isfinite(one) & np.isfinite(other)
    first, second = np.where(both, one, 0.0), np.where(both, other, 0.0)
    norm = np.sqrt((first**2).sum(axis=(1, 2)) * (second**2).sum(axis=(1, 2)))
    return np.asarray((first * second).sum(axis=(1, 2)) / np.maximum(norm, 1e-12))


def _pairs(n: int) -> list[tuple[int, int]]:
    return [(first, second) for first in range(n) for second in range(first + 1, n)]


def _correlation(one: Array, other: Array) -> npt.NDArray[np.float64]:
    first, second = (x.reshape(len(x), -1).astype(np.float64) for x in (one, other))
    first, second = (x - x.mean(axis=1, keepdims=True) for x in (first, second))
    norm = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    return np.asarray((first * second).sum(axis=1) / np.maximum(norm, 1e-12))

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from stampapp.training.data.examples import Examples
from stampapp.training.evaluation import stamp_statistics
from stampapp.training.evaluation.stamp_statistics import Measures

CHANNELS = ("science", "difference")
SIDE = 21


def measured(*crops: npt.NDArray[np.float64]) -> Measures:
    """Measure alerts with these stamps in both channels."""
    n = len(crops)
    texts = np.array([""] * n)
    stack = np.repeat(np.array(crops, np.float32)[:, None], 2, axis=1)
    known = Examples(
        crops=stack, features=np.zeros((n, 0)), labels=texts, candids=texts, objects=texts
    )
    return stamp_statistics.measure(known, CHANNELS)


def point(row: int, column: int) -> npt.NDArray[np.float64]:
    rows, columns = np.indices((SIDE, SIDE))
    return 100.0 * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 4.0)


def noise(seed: int = 0) -> npt.NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(SIDE, SIDE))


def test_statistics_are_finite_for_every_stamp() -> None:
    blank = np.full((SIDE, SIDE), np.nan)
    half = noise()
    half[:, :10] = np.nan
    for name, values in measured(noise(), np.ones((SIDE, SIDE)), blank, half).items():
        assert values.shape == (4,), name
        assert np.isfinite(values).all(), name


def test_peak_distance_and_ring_means() -> None:
    found = measured(point(10, 10), point(10, 15))
    assert found["science.peak_distance"].tolist() == [0.0, 5.0]
    assert found["science.r0"][0] == 1.0
    assert found["science.r2"][0] == pytest.approx(np.exp(-1.1), abs=0.1)
    assert found["science.r0"][1] < 0.01
    assert found["difference.r0"].tolist() == found["science.r0"].tolist()


def test_missing_pixels_are_counted_before_normalisation() -> None:
    half = noise()
    half[:, :7] = np.nan
    found = measured(noise(), half)
    assert found["science.missing"].tolist() == pytest.approx([0.0, 1 / 3])
    assert found["science.zeros"][1] == pytest.approx(1 / 3, abs=0.01)


def test_smoothing_correlates_neighbours() -> None:
    smooth = (noise() + np.roll(noise(), 1, axis=1)) / 2
    found = measured(noise(), smooth)
    assert abs(found["science.neighbours_x"][0]) < 0.15
    assert found["science.neighbours_x"][1] == pytest.approx(0.5, abs=0.15)
    assert abs(found["science.neighbours_y"][1]) < 0.15


def test_equal_channels_correlate_fully() -> None:
    assert measured(noise())["science~difference"] == pytest.approx(1.0)


def test_rings_do_not_overlap() -> None:
    rings = stamp_statistics.rings(SIDE)
    assert set(rings) == set(stamp_statistics.RADII)
    assert np.sum(list(rings.values()), axis=0).max() == 1
    assert set(stamp_statistics.rings(9)) == {0, 1, 2, 3, 4}

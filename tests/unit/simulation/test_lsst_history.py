from __future__ import annotations

import numpy as np
import pytest

from stampapp.simulation.lsst_history import draw_detections


def drawn(label: str, artifact: str | None = None) -> np.ndarray:
    rng = np.random.default_rng(5)
    return np.array([draw_detections(rng, label, artifact) for _ in range(4000)])


@pytest.mark.parametrize(
    ("label", "artifact", "first", "median"),
    [
        ("AGN", None, 0.25, 22.0),
        ("VS", None, 0.25, 22.0),
        ("SN", None, 0.25, 10.0),
        ("asteroid", None, 0.97, 3.0),
        ("bogus", "noise peak", 0.97, 3.0),
        ("bogus", "residual", 0.5, 8.0),
    ],
)
def test_how_often_each_class_was_detected(
    label: str, artifact: str | None, first: float, median: float
) -> None:
    found = drawn(label, artifact)
    assert found.min() == 1
    assert found.max() <= 1000
    assert (found == 1).mean() == pytest.approx(first, abs=0.02)
    assert np.median(found[found > 1]) == pytest.approx(median, rel=0.2)

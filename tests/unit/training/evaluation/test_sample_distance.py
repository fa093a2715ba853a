from __future__ import annotations

import numpy as np
import pytest

from stampapp.training.evaluation import sample_distance


def test_ks_distance() -> None:
    one = np.array([1.0, 2.0, 3.0, 4.0])
    assert sample_distance.ks_distance(one, one) == 0.0
    assert sample_distance.ks_distance(one, one + 10) == 1.0
    assert sample_distance.ks_distance(one, np.array([3.0, 4.0])) == 0.5
    assert sample_distance.ks_distance(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0])) == 0.25


def test_chance_distance_is_exceeded_in_5_percent() -> None:
    rng = np.random.default_rng(0)
    limit = sample_distance.chance_distance(200, 400)
    beyond = [
        sample_distance.ks_distance(rng.normal(size=200), rng.normal(size=400)) > limit
        for _ in range(400)
    ]
    assert 0.02 < np.mean(beyond) < 0.08


def test_differences_are_sorted_by_distance() -> None:
    rng = np.random.default_rng(0)
    sky = {"alike": rng.normal(size=300), "shifted": rng.normal(size=300)}
    simulated = {"alike": rng.normal(size=300), "shifted": rng.normal(2.0, size=300)}
    first, second = sample_distance.differences(sky, simulated)
    assert (first.name, second.name) == ("shifted", "alike")
    assert first.distance > 0.6
    assert second.distance < 0.15
    assert first.simulated == pytest.approx(np.percentile(simulated["shifted"], (5, 50, 95)))


def test_rows_have_the_class_mix_of_real_alerts() -> None:
    sky = np.repeat(["SN", "VS", "AGN", "novel"], [10, 30, 0, 5])
    labels = np.repeat(["SN", "VS", "AGN"], [100, 60, 50])
    rows = sample_distance.rows_with_class_mix(sky, labels, seed=1)
    found = labels[rows]
    assert len(set(rows.tolist())) == len(rows)
    assert {name: int((found == name).sum()) for name in ("SN", "VS", "AGN")} == {
        "SN": 20,
        "VS": 60,
        "AGN": 0,
    }


def test_separability_of_similar_and_of_shifted_samples() -> None:
    rng = np.random.default_rng(0)
    sky = {name: rng.normal(size=100) for name in "abc"}
    alike = {name: rng.normal(size=300) for name in "abc"}
    shifted = {**alike, "b": alike["b"] + 3.0}
    assert 0.35 < sample_distance.separability(sky, alike, seed=0) < 0.65
    assert sample_distance.separability(sky, shifted, seed=0) > 0.9

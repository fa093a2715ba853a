from __future__ import annotations

import numpy as np
import pytest

from stampapp.training.data.examples import Texts
from stampapp.training.evaluation import sample_distance
from stampapp.training.evaluation.sample_distance import Values


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


def separability_both_ways(
    real: dict[str, Values], simulated: dict[str, Values], patches: Texts
) -> tuple[float, float]:
    found = sample_distance.separability(real, simulated, patches, seed=0)
    assert found.by_patch is not None
    return found.by_patch, found.random


def test_separability_of_similar_and_of_shifted_samples() -> None:
    rng = np.random.default_rng(0)
    sky = {name: rng.normal(size=100) for name in "abc"}
    alike = {name: rng.normal(size=300) for name in "abc"}
    shifted = {**alike, "b": alike["b"] + 3.0}
    patches = np.array([str(number % 20) for number in range(100)])
    for found in separability_both_ways(sky, alike, patches):
        assert 0.35 < found < 0.65
    for found in separability_both_ways(sky, shifted, patches):
        assert found > 0.9


def test_random_folds_recognise_patches_that_folds_by_patch_do_not() -> None:
    # A value that the alerts of a patch share tells nothing about those of another patch.
    rng = np.random.default_rng(0)
    patches = np.repeat([str(number) for number in range(20)], 10)
    sky = {name: np.repeat(rng.normal(size=20), 10) for name in "abc"}
    simulated = {name: rng.normal(size=400) for name in "abc"}
    by_patch, random = separability_both_ways(sky, simulated, patches)
    assert by_patch < 0.7
    assert random > 0.9


def test_too_few_patches_leave_only_random_folds() -> None:
    rng = np.random.default_rng(0)
    one, other = ({"a": rng.normal(size=50)} for _ in range(2))
    found = sample_distance.separability(one, other, np.array(["a", "b"] * 25), seed=0)
    assert found.by_patch is None
    assert str(found) == f"- ({found.random:.3f})"

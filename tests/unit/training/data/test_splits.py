from __future__ import annotations

import numpy as np
import pytest

from stampapp.errors import ConfigError
from stampapp.training.data import splits
from stampapp.training.data.splits import Split

CLASSES = ("SN", "VS")


def population() -> tuple[np.ndarray, np.ndarray]:
    """100 SN and 300 VS, three alerts each."""
    objects = np.repeat([f"o{number}" for number in range(400)], 3)
    return objects, np.repeat(["SN", "VS"], [300, 900])


def parts(split: Split) -> list[np.ndarray]:
    return [split.training, split.validation, split.test]


def test_every_alert_is_in_one_part() -> None:
    split = splits.split_by_object(*population(), CLASSES, seed=1)
    assert sorted(np.concatenate(parts(split)).tolist()) == list(range(1200))


def test_no_object_is_in_two_parts() -> None:
    objects, labels = population()
    first, second, third = (
        set(objects[p]) for p in parts(splits.split_by_object(objects, labels, CLASSES, 1))
    )
    assert not first & second
    assert not first & third
    assert not second & third


def test_a_tenth_of_each_class_is_held_out() -> None:
    objects, labels = population()
    split = splits.split_by_object(objects, labels, CLASSES, seed=1)
    for part in (split.validation, split.test):
        assert {name: int((labels[part] == name).sum()) for name in CLASSES} == {"SN": 30, "VS": 90}


def test_split_depends_on_the_seed_only() -> None:
    objects, labels = population()
    one, same, other = (
        splits.split_by_object(objects, labels, CLASSES, seed) for seed in (1, 1, 2)
    )
    assert one.test.tolist() == same.test.tolist() != other.test.tolist()


def test_too_few_objects_raise_whatever_the_number_of_alerts() -> None:
    objects = np.array(["a"] * 50 + [f"b{number}" for number in range(20)])
    labels = np.array(["SN"] * 50 + ["VS"] * 20)
    with pytest.raises(ConfigError, match=r"too few objects of SN \(1\), AGN \(0\): each .* 10"):
        splits.split_by_object(objects, labels, ("SN", "VS", "AGN"), seed=1)


def test_class_weights_balance_the_classes() -> None:
    truth = np.repeat([0, 1, 2], [10, 30, 60])
    weights = splits.class_weights(truth, 3)
    sums = np.bincount(truth, weights[truth])
    assert sums.tolist() == pytest.approx([100 / 3] * 3, rel=1e-6)
    assert weights[truth].mean() == pytest.approx(1.0, rel=1e-6)

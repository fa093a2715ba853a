from __future__ import annotations

import numpy as np
import pytest

from stampapp.training.data import examples
from stampapp.training.evaluation import scores

TRUTH = np.array([0, 0, 0, 0, 1, 1, 2])
FOUND = np.array([0, 0, 0, 1, 1, 1, 0])


def test_class_indices() -> None:
    found = examples.class_indices(np.array(["SN", "", "AGN", "comet"]), ("AGN", "SN"))
    assert found.tolist() == [1, -1, 0, -1]


def test_confusion_matrix() -> None:
    matrix = scores.confusion_matrix(TRUTH, FOUND, 4)
    assert matrix.tolist() == [[3, 1, 0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert matrix.sum() == len(TRUTH)


def test_recall_and_precision_are_nan_without_alerts() -> None:
    matrix = scores.confusion_matrix(TRUTH, FOUND, 4)
    assert scores.recalls(matrix)[:3].tolist() == [0.75, 1.0, 0.0]
    assert np.isnan(scores.recalls(matrix)[3])
    assert scores.precisions(matrix)[:2].tolist() == [0.75, 2 / 3]
    assert np.isnan(scores.precisions(matrix)[2:]).all()


def test_balanced_accuracy_of_classes_that_occur() -> None:
    assert scores.balanced_accuracy(scores.confusion_matrix(TRUTH, FOUND, 4)) == pytest.approx(
        1.75 / 3
    )


def test_interval_of_the_balanced_accuracy() -> None:
    rng = np.random.default_rng(1)
    truth = np.repeat([0, 1, 2], [400, 40, 40])
    found = np.where(rng.random(len(truth)) < 0.8, truth, (truth + 1) % 3)
    estimate = scores.balanced_accuracy_estimate(truth, found, 3)
    shares = [(found[truth == c] == c).mean() for c in range(3)]
    spread = np.sqrt(sum(p * (1 - p) / n for p, n in zip(shares, (400, 40, 40), strict=True))) / 3
    assert estimate.value == pytest.approx(np.mean(shares))
    assert estimate.high - estimate.low == pytest.approx(2 * 1.96 * spread, rel=0.1)
    assert scores.balanced_accuracy_estimate(truth, found, 3) == estimate
    certain = scores.balanced_accuracy_estimate(truth, truth, 3)
    assert (certain.low, certain.high) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    # Newcombe 1998, table I, and two ends.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_agree_with_newcombe_1998(
    right: int, total: int, low: float, high: float
) -> None:
    found = scores.wilson_interval(right, total)
    assert (found.value, found.low, found.high) == pytest.approx(
        (right / total, low, high), abs=5e-5
    )


def test_wilson_interval_at_one() -> None:
    assert scores.wilson_interval(20, 20).high == 1.0
    assert str(scores.wilson_interval(8, 14)) == "0.571 (0.326 to 0.786)"


def test_reliability_and_calibration_error() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.45, 0.55], [0.0, 1.0]])
    bins = scores.reliability_bins(probabilities, np.array([0, 1, 1, 1]))
    assert [one.count for one in bins] == [1, 2, 1]
    assert [one.confidence for one in bins] == pytest.approx([0.55, 0.9, 1.0])
    assert [one.accuracy for one in bins] == [1.0, 0.5, 1.0]
    assert scores.calibration_error(bins) == pytest.approx((0.45 + 2 * 0.4) / 4)

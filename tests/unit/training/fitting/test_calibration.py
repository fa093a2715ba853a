from __future__ import annotations

import numpy as np
import pytest

from stampapp.training.data.examples import Doubles, Indices
from stampapp.training.evaluation import scores
from stampapp.training.fitting import calibration


def drawn(n: int = 20000) -> tuple[Doubles, Indices]:
    """Return calibrated probabilities, and true classes drawn from them."""
    rng = np.random.default_rng(5)
    logits = rng.normal(0.0, 1.5, (n, 5))
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return honest, (honest.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)


@pytest.mark.parametrize("hot", [0.4, 1.0, 3.0])
def test_known_temperature_is_recovered(hot: float) -> None:
    honest, truth = drawn()
    exaggerated = calibration.apply_temperature(honest, 1 / hot)
    assert calibration.fit_temperature(exaggerated, truth) == pytest.approx(hot, rel=0.05)


def test_calibration_reduces_the_error_and_changes_no_class() -> None:
    honest, truth = drawn()
    exaggerated = calibration.apply_temperature(honest, 0.4)
    cooled = calibration.apply_temperature(
        exaggerated, calibration.fit_temperature(exaggerated, truth)
    )
    before, after = (
        scores.calibration_error(scores.reliability_bins(one, truth))
        for one in (exaggerated, cooled)
    )
    assert before > 0.1
    assert after < 0.02
    assert (exaggerated.argmax(axis=1) == cooled.argmax(axis=1)).all()
    assert np.abs(cooled.sum(axis=1) - 1).max() < 1e-12


def test_perfect_predictions_give_the_minimum_temperature() -> None:
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
    found = calibration.fit_temperature(probabilities, np.array([0, 1]))
    assert found == pytest.approx(calibration.MIN_TEMPERATURE, rel=1e-3)


def test_uninformative_predictions_give_the_maximum_temperature() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1]], np.float32)
    found = calibration.fit_temperature(probabilities, np.array([1, 1]))
    assert found == pytest.approx(calibration.MAX_TEMPERATURE, rel=1e-3)


def test_probabilities_of_zero_and_one_stay_finite() -> None:
    probabilities = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    assert np.isfinite(calibration.apply_temperature(probabilities, 0.1)).all()
    assert np.isfinite(calibration.fit_temperature(probabilities, np.array([0, 0])))

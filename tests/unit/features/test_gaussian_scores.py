from __future__ import annotations

import numpy as np
import pytest

from stampapp.features.gaussian_scores import SCORES, fit_knots, gaussian_scores


def test_values_of_any_distribution_become_gaussian() -> None:
    values = np.random.default_rng(1).exponential(size=20000)
    scores = gaussian_scores(values, fit_knots(values))
    assert scores.mean() == pytest.approx(0.0, abs=0.01)
    assert scores.std() == pytest.approx(1.0, abs=0.02)
    below = [float((scores < at).mean()) for at in (-1.0, 0.0, 1.0)]
    assert below == pytest.approx([0.1587, 0.5, 0.8413], abs=0.005)


def test_the_scores_are_linear_between_knots_and_end_at_the_outer_ones() -> None:
    knots = tuple(10.0 * SCORES)
    values = np.array([-999.0, -30.0, 1.2, 30.0, 999.0])
    assert gaussian_scores(values, knots) == pytest.approx([-3.0, -3.0, 0.12, 3.0, 3.0])


def test_a_value_of_several_knots_has_the_middle_of_their_scores() -> None:
    # The same value up to the score 1: from -3 to 1.
    knots = [0.0] * 17 + [1.0 + step for step in range(8)]
    assert SCORES[16] == 1.0
    assert gaussian_scores(np.array([0.0, 1.0]), knots) == pytest.approx([-1.0, 1.25])


@pytest.mark.parametrize("limit", [1.3, -0.4])
def test_a_value_has_the_same_score_in_float32_and_float64(limit: float) -> None:
    clipped = np.minimum(np.random.default_rng(2).exponential(size=500), limit)
    knots = fit_knots(clipped.astype(np.float32).astype(np.float64))
    for value in (limit, float(np.float32(limit))):
        at_limit = float(gaussian_scores(np.array([value]), knots)[0])
        assert at_limit == gaussian_scores(clipped, knots).max()
        assert -3.0 < at_limit < 3.0


def test_a_constant_has_one_score() -> None:
    knots = fit_knots(np.full(50, 7.0))
    assert knots == (7.0,) * 25
    assert gaussian_scores(np.array([7.0, 7.0]), knots).tolist() == [0.0, 0.0]

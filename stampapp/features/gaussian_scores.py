"""Replace values by Gaussian scores, so that a network sees features of any distribution alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.float64]

# A value at knot i of a feature has this score: i in steps of a quarter from -3 to 3.
SCORES = np.linspace(-3.0, 3.0, 25)


def fit_knots(column: Column) -> tuple[float, ...]:
    """Return where these values, if they were Gaussian, would have each of the SCORES.

    The knots ascend; some are equal where many values are equal.
    """
    below = [0.5 * (1.0 + math.erf(score / math.sqrt(2.0))) for score in SCORES]
    return tuple(float(knot) for knot in np.quantile(column, below))


def gaussian_scores(column: Column, knots: Sequence[float]) -> Column:
    """Return the scores of values (n,): linear between knots, -3 and 3 beyond the outer ones.

    A value at which several knots are has the middle of their scores.
    """
    # Training examples are float32. A value at a clip must equal the knots that lie there.
    at, values = np.asarray(knots, np.float32), np.asarray(column, np.float32)
    highest = np.interp(values, at, SCORES)
    lowest = -np.interp(-values, -at[::-1], -SCORES[::-1])
    return np.asarray((highest + lowest) / 2.0)

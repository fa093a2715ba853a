"""Temperature scaling: calibrate probabilities by dividing the logits (Guo et al. 2017)."""

from __future__ import annotations

import math

import numpy as np

from stampapp.training.data.examples import Array, Doubles, Indices

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.05, 20.0
_BISECTIONS = 40
_FLOOR = 1e-12


def fit_temperature(probabilities: Array | Doubles, truth: Indices) -> float:
    """Return the T for which softmax(logits / T) gives the true classes the highest likelihood.

    `probabilities` are (n, classes); the result is within MIN_TEMPERATURE and MAX_TEMPERATURE.
    """
    # The logarithms of probabilities are logits up to a constant, which cancels.
    logits = _logits(probabilities)
    true_logits = logits[np.arange(len(truth)), truth]
    low, high = math.log(MIN_TEMPERATURE), math.log(MAX_TEMPERATURE)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        # The slope of the log-likelihood in 1 / T, which is concave: the sign changes once.
        expected = (logits * _softmax(logits / math.exp(middle))).sum(axis=1)
        if (true_logits - expected).mean() < 0:
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2)


def apply_temperature(probabilities: Array | Doubles, temperature: float) -> Doubles:
    """Return softmax(logits / temperature), with the logits of these probabilities."""
    return _softmax(_logits(probabilities) / temperature)


def _logits(probabilities: Array | Doubles) -> Doubles:
    return np.log(np.maximum(probabilities.astype(np.float64), _FLOOR))


def _softmax(logits: Doubles) -> Doubles:
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))

"""Earlier visits of a survey to a position, and detections there."""

from __future__ import annotations

import math

from numpy.random import Generator

from stampapp.simulation.instruments import Camera

_YEAR = 365.25
_JD = 2400000.5


def draw_detection_history(
    rng: Generator, camera: Camera, label: str, mjd: float
) -> dict[str, float]:
    """Return ndethist, ncovhist, jdstarthist and jdendhist (JD) of an alert at `mjd`."""
    years = (mjd - camera.first_mjd) / _YEAR + 0.3
    visits = max(1.0, years * 290.0 * math.exp(rng.normal(0.0, 0.4)))
    seen = min(_detections(rng, label, visits), visits)
    first = mjd if seen < 2 else mjd - min(_days_since_first(rng, label), mjd - camera.first_mjd)
    return {
        "ndethist": float(max(1, round(seen))),
        "ncovhist": float(round(visits)),
        "jdstarthist": first + _JD,
        "jdendhist": mjd + _JD,
    }


def _detections(rng: Generator, label: str, visits: float) -> float:
    fresh = rng.random()
    match label:
        case "AGN":
            return float(1 + rng.poisson(2.0) if fresh < 0.18 else visits * rng.beta(0.9, 6.0))
        case "VS":
            return float(1 + rng.poisson(2.0) if fresh < 0.15 else visits * rng.beta(0.9, 3.0))
        case "SN":
            return 1.0 if fresh < 0.1 else 1.0 + math.exp(rng.normal(2.9, 1.1))
        case "asteroid":
            return 1.0 if fresh < 0.98 else 2.0
        case _:
            return 1.0 if fresh < 0.42 else 1.0 + math.exp(rng.normal(1.6, 1.8))


def _days_since_first(rng: Generator, label: str) -> float:
    """Return the days since the first detection."""
    return float({"SN": 25.0, "asteroid": 0.02}.get(label, 700.0) * rng.exponential())

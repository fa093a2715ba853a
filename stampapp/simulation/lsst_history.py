"""Draw how often an object of LSST was detected before."""

from __future__ import annotations

import math

from numpy.random import Generator

# Of the artifacts that come back in every visit, as a bright star does.
_LASTING = frozenset({"residual", "proper motion", "spike", "ghost", "column"})
# By class: the share of first detections, and the median of the others (their ln scatters by 1).
_HISTORIES = {"AGN": (0.25, 20.0), "VS": (0.25, 20.0), "SN": (0.25, 8.0)}
_LASTING_ARTIFACT = (0.5, 6.0)
_MOVING_OR_RANDOM = (0.97, 2.0)
_MOST = 1000


def draw_detections(rng: Generator, label: str, artifact: str | None) -> int:
    """Return the number of detections at this place, this one included."""
    usual = _LASTING_ARTIFACT if artifact in _LASTING else _MOVING_OR_RANDOM
    first, median = _HISTORIES.get(label, usual)
    if rng.random() < first:
        return 1
    return min(2 + int(median * math.exp(rng.normal(0.0, 1.0))), _MOST)

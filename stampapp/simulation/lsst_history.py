"""Draw how often an object of LSST was detected before."""

from __future__ import annotations

import math

from numpy.random import Generator

# Artifacts of what is there in every visit, such as a bright star.
_LASTING = frozenset({"residual", "proper motion", "spike", "ghost", "column"})
# By class: the share of alerts that are the first of their object, and the median number of earlier
# detections of the others, less 1 (its ln scatters by 1). Assumed, with an eye on 17 real alerts.
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

"""Percentiles of latencies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """The median, the 99th percentile and the largest of some latencies, in seconds."""

    p50: float
    p99: float
    largest: float


def percentile(ascending: Sequence[float], percent: float) -> float:
    """Return the percentile of sorted values by the nearest-rank method."""
    if not ascending:
        raise ValueError("there are no values")
    return ascending[max(0, math.ceil(percent / 100 * len(ascending)) - 1)]


def spread(values: Sequence[float]) -> Spread:
    """Return median, 99th percentile and maximum of latencies."""
    ascending = sorted(values)
    return Spread(
        p50=percentile(ascending, 50), p99=percentile(ascending, 99), largest=ascending[-1]
    )


def latencies(sent: Mapping[bytes, int], published: Mapping[bytes, int]) -> list[float]:
    """Return the seconds from each message to its output; arguments are ms since 1970 by key.

    Ruled-out messages have no output and are left out.
    """
    return [(published[key] - at) / 1000 for key, at in sent.items() if key in published]

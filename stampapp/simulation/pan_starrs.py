"""Neighbours of a detection in the Pan-STARRS 1 catalogue, with its spurious entries.

Star/galaxy scores are those of Tachibana & Miller 2018: 1 is a star, 0 a galaxy, 0.5 unknown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from numpy.random import Generator

from stampapp.simulation import catalogues
from stampapp.simulation.catalogues import NO_VALUE, Neighbour
from stampapp.simulation.exposures import Exposure
from stampapp.simulation.light_sources import Source

# In mag and in arcsec.
_LIMIT, _RADIUS = 22.4, 30.0
_NEIGHBOURS = 3
# Galaxies brighter (mag) and larger (half-light radius in arcsec) than this have so many entries
# for their parts on average, and this share of them has none for itself.
_SHREDDED, _LARGE = 20.5, 1.0
_PARTS, _MISSING = 1.1, 0.08
# Stars brighter than this (mag) have spurious entries in their halos: so many for each arcsec that
# these reach.
_WITH_HALO, _HALO_ENTRIES = 18.0, 0.2
# Closer to a brighter source than this (arcsec), this share of the entries has no score.
_BLENDED, _BLENDED_SHARE = 4.0, 0.55
# Galaxies with a smaller half-light radius (pixels) look like stars.
_COMPACT = 0.35


def pan_starrs_fields(
    rng: Generator, exposure: Exposure, sources: Sequence[Source], at: tuple[float, float]
) -> dict[str, float]:
    """Return sgscore1-3, distpsnr1-3 (arcsec) and nmtchps of the entries around a position."""
    pixel = exposure.camera.pixel
    entries = [entry for source in sources for entry in _draw_entries(rng, source, pixel)]
    found = catalogues.nearest_sources(rng, entries, at, pixel, _LIMIT)
    within = [one for one in found if one.distance < _RADIUS]
    values = {"nmtchps": float(len(within))}
    for number in range(1, _NEIGHBOURS + 1):
        one = within[number - 1] if number <= len(within) else None
        values[f"sgscore{number}"] = _draw_score(rng, one, within, pixel) if one else NO_VALUE
        values[f"distpsnr{number}"] = one.distance if one else NO_VALUE
    return values


def _draw_entries(rng: Generator, source: Source, pixel: float) -> list[Source]:
    """Return the entries that the catalogue has for a source."""
    if source.extended and source.magnitude < _SHREDDED and source.radius * pixel > _LARGE:
        parts = [
            _part(rng, source, source.radius * rng.gamma(2.0) * 0.55)
            for _ in range(rng.poisson(_PARTS))
        ]
        return parts if rng.random() < _MISSING else [source, *parts]
    if not source.extended and source.magnitude < _WITH_HALO:
        reach = 1.2 + 0.3 * max(15.0 - source.magnitude, 0.0)
        halo = [
            _part(rng, source, reach * math.sqrt(rng.random()) / pixel)
            for _ in range(rng.poisson(_HALO_ENTRIES * reach))
        ]
        return [source, *halo]
    return [source]


def _part(rng: Generator, source: Source, distance: float) -> Source:
    part = catalogues.part_of(rng, source, distance, 4.0)
    return replace(part, magnitude=min(part.magnitude, _LIMIT - 0.1))


def _draw_score(rng: Generator, one: Neighbour, others: Sequence[Neighbour], pixel: float) -> float:
    source = one.source
    faint = min(max((source.magnitude - 16.0) / 5.0, 0.0), 1.0)
    stellar = not source.extended or source.radius < _COMPACT
    unknown = _BLENDED_SHARE if _is_blended(one, others, pixel) else 0.07 + 0.13 * faint
    if rng.random() < unknown:
        return 0.5
    if rng.random() < (0.3 * (1 - faint) ** 2 if stellar else 0.1):
        return 1.0 if stellar else 0.0
    wrong = _draw_error(rng, faint, stellar=stellar)
    return 1.0 - wrong if stellar else wrong


def _is_blended(one: Neighbour, others: Sequence[Neighbour], pixel: float) -> bool:
    source = one.source
    return any(
        other.source.magnitude < source.magnitude
        and math.hypot(other.source.x - source.x, other.source.y - source.y) * pixel < _BLENDED
        for other in others
        if other is not one
    )


def _draw_error(rng: Generator, faint: float, *, stellar: bool) -> float:
    """Draw the distance of a score from that of the true kind."""
    middle, scatter = (-1.9 + faint, 0.45) if stellar else (-2.3 + 0.7 * faint, 0.8)
    return float(min(10 ** rng.normal(middle, scatter), 0.7))

"""The catalogued sources near a detection, and the fields of the template's catalogue."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from numpy.random import Generator

from stampapp.simulation.exposures import Exposure
from stampapp.simulation.light_sources import Source

NO_VALUE = -999.0
# Of galaxies brighter than this (mag), this share has a second entry, for a part of them.
_PARTED, _PARTED_SHARE = 20.5, 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Neighbour:
    """A catalogued source: `distance` in arcsec from the detection."""

    distance: float
    source: Source


def nearest_sources(
    rng: Generator, sources: Sequence[Source], at: tuple[float, float], pixel: float, limit: float
) -> list[Neighbour]:
    """Return sources brighter than a limit, nearest first, with astrometric errors."""
    found = []
    for source in sources:
        if source.magnitude < limit:
            error = 0.05 + 0.12 * 10 ** (0.3 * (source.magnitude - limit))
            x = (source.x - at[0]) * pixel + rng.normal(0.0, error)
            y = (source.y - at[1]) * pixel + rng.normal(0.0, error)
            found.append(Neighbour(distance=math.hypot(x, y), source=source))
    return sorted(found, key=lambda one: one.distance)


def template_catalogue_fields(
    rng: Generator, exposure: Exposure, sources: Sequence[Source], at: tuple[float, float]
) -> dict[str, float]:
    """Return distnr, magnr, chinr and sharpnr of the nearest source in the template's catalogue."""
    deepest = min(22.6 + 1.25 * math.log10(exposure.frames / 15.0), 23.2)
    entries = [*sources, *_draw_parts(rng, sources)]
    found = nearest_sources(rng, entries, at, exposure.camera.pixel, deepest)
    if not found:
        return {"distnr": rng.uniform(15.0, 35.0), **_psf_fit_fields(rng, deepest - 0.3, 0.0)}
    source = found[0].source
    return {"distnr": found[0].distance, **_psf_fit_fields(rng, source.magnitude, source.radius)}


def _draw_parts(rng: Generator, sources: Sequence[Source]) -> list[Source]:
    parts = []
    for source in sources:
        if source.extended and source.magnitude < _PARTED and rng.random() < _PARTED_SHARE:
            parts.append(part_of(rng, source, source.radius * 0.55 * rng.gamma(2.0), 3.0))
    return parts


def part_of(rng: Generator, source: Source, distance: float, faintest: float) -> Source:
    """Return the entry of a part of a source, `distance` pixels from its middle.

    It is fainter by 1 to `faintest` mag and half as large.
    """
    angle = rng.uniform(0.0, 2 * math.pi)
    magnitude = source.magnitude + rng.uniform(1.0, faintest)
    part = replace(source, magnitude=magnitude, radius=source.radius / 2)
    return part.moved(distance * math.cos(angle), distance * math.sin(angle))


def _psf_fit_fields(rng: Generator, magnitude: float, radius: float) -> dict[str, float]:
    """Return magnr, chinr and sharpnr of a PSF fit, in which galaxies are too wide."""
    faint = 10 ** (0.3 * (magnitude - 22.3))
    sharpness = rng.normal(-0.022, 0.03 + 0.3 * faint)
    chi = math.exp(rng.normal(-0.38, 0.5)) * (1 + 0.5 * max(0.0, 13.5 - magnitude))
    if radius > 0:
        sharpness += 0.18 * min(radius, 3.0) ** 1.2 * math.exp(rng.normal(0, 0.4))
        chi += radius * 10 ** (-0.22 * (magnitude - 19.0)) * math.exp(rng.normal(0, 0.5))
        magnitude += 0.7 * math.log10(1 + radius**2) + abs(rng.normal(0, 0.1))
    magnitude += rng.normal(0.0, 0.02 + 0.15 * faint)
    return {"magnr": magnitude, "chinr": min(chi, 60.0), "sharpnr": sharpness}

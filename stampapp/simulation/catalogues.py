"""Catalogue fields of the sources near a detection: of the template, and of Pan-STARRS 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from numpy.random import Generator

from stampapp.simulation.exposures import Exposure
from stampapp.simulation.light_sources import Source

NO_VALUE = -999.0
_PS1_LIMIT = 22.7
_PS1_RADIUS = 30.0
_NEIGHBOURS = 3


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
    found = nearest_sources(rng, sources, at, exposure.camera.pixel, deepest)
    if not found:
        return {"distnr": rng.uniform(15.0, 35.0), **_psf_fit_fields(rng, deepest - 0.3, 0.0)}
    source = found[0].source
    return {"distnr": found[0].distance, **_psf_fit_fields(rng, source.magnitude, source.radius)}


def _psf_fit_fields(rng: Generator, magnitude: float, radius: float) -> dict[str, float]:
    """Return magnr, chinr and sharpnr of a PSF fit, in which galaxies are too wide."""
    faint = 10 ** (0.3 * (magnitude - 22.3))
    sharpness = rng.normal(-0.015, 0.03 + 0.25 * faint)
    chi = math.exp(rng.normal(-0.35, 0.4)) * (1 + 0.5 * max(0.0, 13.5 - magnitude))
    if radius > 0:
        sharpness += 0.22 * min(radius, 3.0) ** 0.8 * math.exp(rng.normal(0, 0.4))
        chi += 1.6 * radius * 10 ** (-0.22 * (magnitude - 19.0)) * math.exp(rng.normal(0, 0.5))
        magnitude += 0.7 * math.log10(1 + radius**2) + abs(rng.normal(0, 0.1))
    magnitude += rng.normal(0.0, 0.02 + 0.15 * faint)
    return {"magnr": magnitude, "chinr": min(chi, 60.0), "sharpnr": sharpness}


def pan_starrs_fields(
    rng: Generator, exposure: Exposure, sources: Sequence[Source], at: tuple[float, float]
) -> dict[str, float]:
    """Return sgscore1-3 and distpsnr1-3 (arcsec): star/galaxy scores (Tachibana & Miller 2018)."""
    found = nearest_sources(rng, sources, at, exposure.camera.pixel, _PS1_LIMIT)
    within = [one for one in found if one.distance < _PS1_RADIUS][:_NEIGHBOURS]
    values = {"nmtchps": float(sum(one.distance < _PS1_RADIUS for one in found))}
    for number in range(1, _NEIGHBOURS + 1):
        one = within[number - 1] if number <= len(within) else None
        values[f"sgscore{number}"] = _star_galaxy_score(rng, one.source) if one else NO_VALUE
        values[f"distpsnr{number}"] = one.distance if one else NO_VALUE
    return values


def _star_galaxy_score(rng: Generator, source: Source) -> float:
    """Return a star/galaxy score: 1 star, 0 galaxy, 0.5 unknown."""
    faint = min(max((source.magnitude - 19.5) / 3.0, 0.0), 1.0)
    if rng.random() < 0.07 + 0.4 * faint:
        return 0.5
    wrong = rng.beta(0.6, 6.0 - 4.0 * faint) if faint else 10 ** rng.uniform(-3.2, -1.0)
    looks_stellar = not source.extended or source.radius < 0.35
    return float(1.0 - wrong if looks_stellar else wrong)

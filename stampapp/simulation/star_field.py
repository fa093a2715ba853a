"""Draw the stars and galaxies of a field."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.random import Generator

from stampapp.simulation.exposures import Exposure
from stampapp.simulation.light_sources import Source
from stampapp.simulation.sky_positions import SkyPosition

FAINTEST = 23.0
_BRIGHTEST_NEIGHBOUR = 12.5
_SHAPED = 20.5
_SERSIC_INDICES = (0.7, 1.0, 1.5, 2.5, 4.0)


def draw_galaxy(rng: Generator, exposure: Exposure, magnitude: float) -> Source:
    """Draw a galaxy in the middle; fainter ones are smaller (Shen et al. 2003)."""
    arcsec = 2.4 * 10 ** (-0.14 * (magnitude - 18.0)) * math.exp(rng.normal(0.0, 0.4))
    # Small, faint galaxies look alike whatever their Sérsic index; a disc is the fastest to draw.
    early = magnitude < _SHAPED and rng.random() < 0.45
    late = _SERSIC_INDICES[:3] if magnitude < _SHAPED else (1.0,)
    return Source(
        x=0.0,
        y=0.0,
        magnitude=magnitude,
        radius=float(np.clip(arcsec, 0.25, 15.0)) / exposure.camera.pixel,
        index=float(rng.choice(_SERSIC_INDICES[3:] if early else late)),
        ratio=float(rng.uniform(0.55, 1.0) if early else rng.uniform(0.2, 1.0)),
        angle=rng.uniform(0.0, math.pi),
    )


def place_beside(rng: Generator, host: Source, offset: float) -> Source:
    """Return the host shifted such that a random position in its light is in the middle.

    `offset` is half the mean distance of such positions, in half-light radii.
    """
    along = host.radius * offset * rng.gamma(2.0)
    angle = rng.uniform(0, 2 * math.pi)
    x, y = along * math.cos(angle), along * host.ratio * math.sin(angle)
    cosine, sine = math.cos(host.angle), math.sin(host.angle)
    return host.moved(-(x * cosine - y * sine), -(x * sine + y * cosine))


def draw_surroundings(
    rng: Generator, exposure: Exposure, place: SkyPosition, reach: float
) -> list[Source]:
    """Draw the stars and galaxies within `reach` pixels (half a side) of the middle."""
    arcmin = 2 * reach * exposure.camera.pixel / 60.0
    # Sources below the limit of a shallower camera are left out.
    faintest = FAINTEST - exposure.camera.depth
    slope = exposure.camera.surroundings.star_slope
    stars = [
        Source(x=x, y=y, magnitude=magnitude)
        for x, y, magnitude in _draw_positions(rng, place.stars * arcmin**2, reach, slope, faintest)
    ]
    galaxies = [
        draw_galaxy(rng, exposure, max(magnitude, 16.0)).moved(x, y)
        for x, y, magnitude in _draw_positions(
            rng, place.galaxies * arcmin**2, reach, 0.4, faintest
        )
    ]
    return stars + galaxies


def _draw_positions(
    rng: Generator, expected: float, reach: float, slope: float, faintest: float
) -> Iterator[tuple[float, float, float]]:
    """Draw (x, y, magnitude): `expected` sources down to FAINTEST, counts grow as 10^(slope m)."""
    count = int(rng.poisson(expected * 10 ** (slope * (faintest - FAINTEST))))
    xy = rng.uniform(-reach, reach, (count, 2))
    magnitudes = faintest + np.log10(rng.uniform(1e-9, 1.0, count)) / slope
    magnitudes = np.maximum(magnitudes, _BRIGHTEST_NEIGHBOUR)
    for (x, y), magnitude in zip(xy, magnitudes, strict=True):
        yield float(x), float(y), float(magnitude)

"""Where on the sky an object of a class is met, and how crowded it is there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import erfa
import numpy as np
from numpy.random import Generator

from stampapp.features import galactic
from stampapp.simulation.cameras import Camera

_J2000 = (2451545.0, 0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A direction, in degrees: ICRS and galactic; sources down to 23 mag, per square arcmin."""

    ra: float
    dec: float
    gal_long: float
    gal_lat: float
    stars: float
    galaxies: float


def draw(rng: Generator, camera: Camera, label: str) -> Place:
    """Draw a place that the camera reaches, as likely as the class is there."""
    while True:
        ra, dec = _direction(rng, label)
        if not camera.south <= dec <= camera.north:
            continue
        longitude, latitude = (float(x[0]) for x in galactic(np.array([ra]), np.array([dec])))
        if rng.random() < _visible(label, abs(latitude)):
            return _place(rng, ra, dec, longitude, latitude)


def _direction(rng: Generator, label: str) -> tuple[float, float]:
    if label == "asteroid":
        # Inclinations of main-belt asteroids: a core near the ecliptic and a tail.
        latitude = rng.normal(0.0, 6.0 if rng.random() < 0.6 else 14.0)
        ra, dec = erfa.eceq06(*_J2000, rng.uniform(0, 2 * math.pi), math.radians(latitude))
    elif rng.random() < {"VS": 0.82, "bogus": 0.4}.get(label, 0.0):
        latitude = rng.laplace(0.0, 13.0)
        ra, dec = erfa.g2icrs(
            rng.uniform(0, 2 * math.pi), math.radians(float(np.clip(latitude, -89, 89)))
        )
    else:
        ra, dec = rng.uniform(0, 2 * math.pi), math.asin(rng.uniform(-1, 1))
    return math.degrees(float(ra)) % 360.0, math.degrees(float(dec))


def _visible(label: str, latitude: float) -> float:
    if label in ("AGN", "SN"):
        # Dust hides what lies behind the Milky Way.
        return 1.0 - math.exp(-((latitude / (27.0 if label == "AGN" else 15.0)) ** 2))
    return 1.0


def _place(rng: Generator, ra: float, dec: float, longitude: float, latitude: float) -> Place:
    bulge = 1.0 + math.cos(math.radians(longitude)) * 0.6
    stars = (2.0 + 60.0 * bulge * math.exp(-abs(latitude) / 10.0)) * math.exp(rng.normal(0, 0.35))
    return Place(
        ra=ra,
        dec=dec,
        gal_long=longitude,
        gal_lat=latitude,
        stars=stars,
        galaxies=4.0 * (1.0 - math.exp(-abs(latitude) / 12.0)) * math.exp(rng.normal(0, 0.45)),
    )

"""Draw sky positions of objects by class, with the density of stars and galaxies there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import erfa
import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from stampapp.features.coordinates import galactic
from stampapp.simulation.instruments import Camera
from stampapp.simulation.populations import Surroundings

_J2000 = (2451545.0, 0.0)
_MJD = 2400000.5
# An asteroid of the main belt: its distance from the Sun (au), how much it fades with the angle
# between Sun and Earth (mag per degree), and how counts grow (a power of ten per magnitude).
_BELT, _PHASE, _COUNTS = 2.6, 0.04, 0.4


@dataclass(frozen=True, kw_only=True, slots=True)
class SkyPosition:
    """A direction in degrees: ICRS, galactic, and its distance from the Sun at that time.

    `stars` and `galaxies` are the numbers down to 23 mag per square arcmin.
    """

    ra: float
    dec: float
    gal_long: float
    gal_lat: float
    elongation: float
    stars: float
    galaxies: float


def draw_sky_position(
    rng: Generator, camera: Camera, label: str, mjd: float, *, in_halo: bool = False
) -> SkyPosition:
    """Draw a position in reach of the camera, by the distribution of the class at that time.

    Stars `in_halo` are as frequent at all latitudes, unlike those of the disc.
    """
    sun = _sun_direction(mjd)
    while True:
        ra, dec = _draw_direction(rng, label, camera.surroundings, in_halo=in_halo)
        if not camera.min_dec <= dec <= camera.max_dec:
            continue
        elongation = _separation(sun, ra, dec)
        observed = _observation_probability(camera, label, elongation)
        if observed is not None and rng.random() > observed:
            continue
        longitude, latitude = (float(x[0]) for x in galactic(np.array([ra]), np.array([dec])))
        seen = _visibility(label, abs(latitude)) * _concentration(camera, label, longitude)
        if rng.random() < seen:
            return _sky_position(rng, camera, (ra, dec), (longitude, latitude), elongation)


def _sun_direction(mjd: float) -> npt.NDArray[np.float64]:
    """Return the direction of the Sun."""
    around_sun, _ = erfa.epv00(_MJD, mjd)
    towards: npt.NDArray[np.float64] = -around_sun["p"]
    return towards


def _separation(sun: npt.NDArray[np.float64], ra: float, dec: float) -> float:
    return math.degrees(erfa.sepp(sun, erfa.s2c(math.radians(ra), math.radians(dec))))


def _observation_probability(camera: Camera, label: str, elongation: float) -> float | None:
    """Return the probability that an object at this elongation is observed, None if not limited.

    Asteroids are brightest opposite the Sun, at half the distance and fully lit: most of those that
    are bright enough are there.
    """
    if camera.elongations is None:
        return None
    least, usual = camera.elongations
    night = min(max((elongation - least) / (usual - least), 0.0), 1.0)
    if label != "asteroid" or not night:
        return night
    angle = math.radians(elongation)
    distance = math.cos(angle) + math.sqrt(_BELT**2 - math.sin(angle) ** 2)
    phase = math.degrees(math.asin(math.sin(angle) / _BELT))
    fainter = 5 * math.log10(distance / (_BELT - 1.0)) + _PHASE * phase
    return night * float(10 ** (-_COUNTS * fainter))


def _draw_direction(
    rng: Generator, label: str, around: Surroundings, *, in_halo: bool
) -> tuple[float, float]:
    if label == "asteroid":
        # Latitudes of main-belt asteroids: a core near the ecliptic, and a tail.
        latitude = rng.normal(0.0, 6.0 if rng.random() < 0.6 else 14.0)
        ra, dec = erfa.eceq06(*_J2000, rng.uniform(0, 2 * math.pi), math.radians(latitude))
    elif not in_halo and rng.random() < around.in_disc.get(label, 0.0):
        latitude = rng.laplace(0.0, around.disc_latitude)
        ra, dec = erfa.g2icrs(
            rng.uniform(0, 2 * math.pi), math.radians(float(np.clip(latitude, -89, 89)))
        )
    else:
        ra, dec = rng.uniform(0, 2 * math.pi), math.asin(rng.uniform(-1, 1))
    return math.degrees(float(ra)) % 360.0, math.degrees(float(dec))


def _visibility(label: str, latitude: float) -> float:
    if label in ("AGN", "SN"):
        # Dust of the Milky Way hides galaxies behind it.
        return 1.0 - math.exp(-((latitude / (27.0 if label == "AGN" else 15.0)) ** 2))
    return 1.0


def _concentration(camera: Camera, label: str, longitude: float) -> float:
    """Return how often stars and bogus detections occur at a galactic longitude, relative to 0°."""
    if label not in ("VS", "bogus"):
        return 1.0
    return math.exp(camera.surroundings.inner_galaxy * (math.cos(math.radians(longitude)) - 1.0))


def _sky_position(
    rng: Generator,
    camera: Camera,
    icrs: tuple[float, float],
    milky: tuple[float, float],
    elongation: float,
) -> SkyPosition:
    (ra, dec), (longitude, latitude) = icrs, milky
    bulge = 1.0 + math.cos(math.radians(longitude)) * 0.6
    around = camera.surroundings
    stars = 2.0 + 60.0 * bulge * math.exp(-abs(latitude) / 10.0)
    galaxies = around.galaxies * 4.0 * (1.0 - math.exp(-abs(latitude) / 12.0))
    stars *= around.stars * math.exp(rng.normal(0, around.scatter))
    return SkyPosition(
        ra=ra,
        dec=dec,
        gal_long=longitude,
        gal_lat=latitude,
        elongation=elongation,
        stars=stars,
        galaxies=galaxies * math.exp(rng.normal(0, 0.45)),
    )

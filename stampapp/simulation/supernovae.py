"""The supernovae that a shallow survey discovers, and the galaxies that they are in.

Supernovae are about as luminous as each other, so a faint one is far away, and its galaxy faint
with it. Most explode in galaxies of the light of the Milky Way, which are brighter than they are:
where a survey ends at the 19th magnitude, it has the galaxy in its template. Few are in dwarfs that
it does not see.
"""

from __future__ import annotations

import math

from numpy.random import Generator

from stampapp.simulation import image_model
from stampapp.simulation.exposures import Exposure
from stampapp.simulation.light_sources import Source
from stampapp.simulation.measurements import FLAT_ERROR

# Three in four above a limit in flux are of type Ia (Li et al. 2011, Perley et al. 2020); absolute
# magnitudes at the peak, with the dust of the host.
_THERMONUCLEAR = 0.74
_PEAK_IA, _SCATTER_IA = -19.1, 0.4
_PEAK_COLLAPSE, _SCATTER_COLLAPSE = -17.5, 0.9
# The mean of how much fainter than at its peak one is when it crosses the limit, as there are
# 10^(0.6 m) peaks down to a magnitude m.
_RISE = 1.0 / (0.6 * math.log(10))
# Hosts, in absolute red magnitudes: giants, and dwarfs (both kinds as in Perley et al. 2020).
_DWARFS = 0.12
_GIANT, _SCATTER_GIANT = -20.6, 1.0
_DWARF, _SCATTER_DWARF = -17.8, 1.2
_BRIGHTEST_HOST = 11.0


def draw_host_magnitude(rng: Generator, magnitude: float) -> float:
    """Draw the magnitude of the galaxy of a supernova that is discovered at `magnitude`."""
    if rng.random() < _THERMONUCLEAR:
        peak = rng.normal(_PEAK_IA, _SCATTER_IA)
    else:
        peak = rng.normal(_PEAK_COLLAPSE, _SCATTER_COLLAPSE)
    modulus = magnitude - (peak + rng.exponential(_RISE))
    if rng.random() < _DWARFS:
        absolute = rng.normal(_DWARF, _SCATTER_DWARF)
    else:
        absolute = rng.normal(_GIANT, _SCATTER_GIANT)
    return max(float(modulus + absolute), _BRIGHTEST_HOST)


def is_detectable(exposure: Exposure, flux: float, host: Source, snr: float) -> bool:
    """Say whether a flux (DN) at the middle exceeds the noise and the residuals of its host there.

    What lies on the nucleus of a bright galaxy drowns in how badly that subtracts. The host is
    taken for a disc, whose middle the seeing flattens.
    """
    cosine, sine = math.cos(host.angle), math.sin(host.angle)
    x, y = -host.x, -host.y
    along, across = x * cosine + y * sine, (y * cosine - x * sine) / host.ratio
    scale = host.radius / image_model.HALF_LIGHT
    seeing = exposure.point_area / (2 * math.pi)
    middle = exposure.flux(host.magnitude) / (2 * math.pi * (scale**2 * host.ratio + seeing))
    under = middle * math.exp(-math.hypot(along, across) / scale) * exposure.point_area
    photons = math.sqrt((flux + under) / exposure.camera.gain)
    return flux > snr * math.hypot(exposure.point_noise, photons, FLAT_ERROR * under)

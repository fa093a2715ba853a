"""Draw the host galaxies of supernovae that a shallow survey discovers.

Supernovae have similar luminosities, so a faint one is distant and its galaxy is faint, too. Most
hosts are as luminous as the Milky Way and brighter than their supernova: a survey to the 19th
magnitude has them in its template. Few are dwarfs that it does not detect.
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
# The mean number of magnitudes below the peak at discovery, as the number of peaks brighter than a
# magnitude m is proportional to 10^(0.6 m).
_RISE = 1.0 / (0.6 * math.log(10))
# Absolute red magnitudes of hosts: giants and dwarfs (Perley et al. 2020).
_DWARFS = 0.12
_GIANT, _SCATTER_GIANT = -20.6, 1.0
_DWARF, _SCATTER_DWARF = -17.8, 1.2
_BRIGHTEST_HOST = 11.0


def draw_host_magnitude(rng: Generator, magnitude: float) -> float:
    """Draw the magnitude of the host of a supernova that is discovered at `magnitude`."""
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
    """Return whether a flux (DN) in the middle exceeds `snr` times noise and residual of the host.

    On the nucleus of a bright galaxy, the residual of the subtraction hides a source. The host is
    modelled as a disc whose centre is flattened by the seeing.
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

"""Draw the scene of each class: constant sources, changes, and artifacts."""

from __future__ import annotations

import math
from dataclasses import replace

from numpy.random import Generator

from stampapp.simulation import bogus_scenes, star_field, supernovae
from stampapp.simulation.exposures import Exposure
from stampapp.simulation.instruments import Camera
from stampapp.simulation.light_sources import Source
from stampapp.simulation.measurements import FLAT_ERROR
from stampapp.simulation.populations import Lognormal, Objects
from stampapp.simulation.scene import MIN_SNR, DrawScene, Scene

_SATURATED = 12.3
_FLICKER_AT = 19.0
_MAX_ATTEMPTS = 60


def _agn(rng: Generator, exposure: Exposure) -> Scene:
    """Draw a nucleus that varies by tenths of a magnitude, in a host that may be invisible."""
    objects = exposure.camera.objects
    for _ in range(_MAX_ATTEMPTS):
        magnitude = float(rng.normal(*objects.nucleus)) - exposure.camera.depth
        if rng.random() < objects.pointlike:
            share = rng.uniform(0.85, 1.0)
        else:
            share = rng.uniform(*objects.nuclear_share)
            magnitude -= objects.host_excess
        nucleus = Source(x=0, y=0, magnitude=magnitude - 2.5 * math.log10(share))
        step = draw_flicker(rng, objects, nucleus.magnitude)
        change = flux_change(exposure, nucleus.magnitude, step)
        if 15.2 < magnitude < 21.5 and _is_detectable(exposure, nucleus.magnitude, change):
            break
    host = star_field.draw_galaxy(rng, exposure, magnitude - 2.5 * math.log10(1.001 - share))
    static = (nucleus, host) if host.magnitude < 23.5 else (nucleus,)
    entry = replace(host, magnitude=magnitude, radius=host.radius * (1 - share))
    return Scene(
        exposure=exposure,
        static=static,
        changed=(nucleus,),
        fluxes=(change,),
        catalogue_sources=(entry,) if share < 0.97 else (nucleus,),
    )


def draw_flicker(rng: Generator, objects: Objects, magnitude: float) -> float:
    """Draw by how many magnitudes a nucleus changes; a few change much."""
    scatter = objects.flicker * 10 ** (objects.fainter_flicker * (magnitude - _FLICKER_AT))
    if objects.flicker_scatter:
        scatter *= math.exp(rng.normal(0.0, objects.flicker_scatter))
    return float(rng.normal(0.0, scatter))


def _variable(rng: Generator, exposure: Exposure) -> Scene:
    """Draw a star that is brighter or fainter than in the template; a few are new."""
    for _ in range(_MAX_ATTEMPTS):
        in_halo = False
        if rng.random() < 0.025:
            star = Source(x=0, y=0, magnitude=rng.uniform(19.5, 24.0))
            step = -rng.uniform(1.5, 5.0)
        else:
            star, step, in_halo = _draw_variable(rng, exposure.camera)
        change = flux_change(exposure, star.magnitude, step)
        if star.magnitude > _SATURATED and _is_detectable(exposure, star.magnitude, change):
            break
    return Scene(
        exposure=exposure, static=(star,), changed=(star,), fluxes=(change,), in_halo=in_halo
    )


def _draw_variable(rng: Generator, camera: Camera) -> tuple[Source, float, bool]:
    """Draw a variable star, its change in magnitudes, and whether it pulsates in the halo."""
    objects = camera.objects
    in_halo = objects.pulsating > 0 and rng.random() < objects.pulsating
    magnitudes = objects.pulsator if in_halo else objects.variable
    magnitude = float(rng.normal(*magnitudes)) - camera.depth
    step = _draw_step(rng, objects.pulsation if in_halo else objects.amplitude)
    return Source(x=0, y=0, magnitude=magnitude), max(step, -objects.brightening), in_halo


def _draw_step(rng: Generator, amplitude: Lognormal) -> float:
    median, scatter = amplitude
    return median * math.exp(rng.normal(0.0, scatter)) * (1 if rng.random() < 0.5 else -1)


def _supernova(rng: Generator, exposure: Exposure) -> Scene:
    """Draw a new point source in a galaxy that may be too faint to see."""
    objects = exposure.camera.objects
    hostless = rng.random() < 0.05
    usual = min(max(rng.normal(*objects.host), 14), 21.8)
    magnitude = rng.uniform(22.5, 25.0) if hostless else usual
    host = star_field.draw_galaxy(rng, exposure, float(magnitude) - exposure.camera.depth)
    host = star_field.place_beside(rng, host, objects.host_offset)
    new = Source(x=0, y=0, magnitude=0.0)
    flux = draw_new_flux(rng, exposure)
    # Rarely, the template was taken while the supernova was bright.
    sign = -1.0 if exposure.camera.sends_fading and rng.random() < 0.04 else 1.0
    return Scene(exposure=exposure, static=(host,), changed=(new,), fluxes=(sign * flux,))


def nearby_supernova(rng: Generator, exposure: Exposure) -> Scene:
    """Draw a new point source in a galaxy at the distance that its magnitude implies."""
    for _ in range(_MAX_ATTEMPTS):
        flux = draw_new_flux(rng, exposure)
        magnitude = supernovae.draw_host_magnitude(rng, exposure.magnitude(flux))
        host = star_field.draw_galaxy(rng, exposure, magnitude)
        host = star_field.place_beside(rng, host, exposure.camera.objects.host_offset)
        if supernovae.is_detectable(exposure, flux, host, MIN_SNR):
            break
    new = Source(x=0, y=0, magnitude=0.0)
    return Scene(exposure=exposure, static=(host,), changed=(new,), fluxes=(flux,))


def _asteroid(rng: Generator, exposure: Exposure) -> Scene:
    """Draw a moving object, which is not in the template and leaves a short trail."""
    near_earth = rng.random() < 0.06
    arcsec = rng.uniform(1.5, 7.0) if near_earth else rng.uniform(0.05, 0.4)
    length, angle = arcsec / exposure.camera.pixel, rng.uniform(0, 2 * math.pi)
    trail = (length * math.cos(angle), length * math.sin(angle))
    mover = Source(x=0, y=0, magnitude=0.0, trail=trail)
    flux = draw_new_flux(rng, exposure) * math.sqrt(1 + length / 2)
    return Scene(exposure=exposure, changed=(mover,), fluxes=(flux,))


def draw_new_flux(rng: Generator, exposure: Exposure) -> float:
    """Draw a flux in DN of sources in a volume: N(>F) is proportional to F^-1.5."""
    snr = MIN_SNR * rng.uniform(5e-4, 1.0) ** (-1 / 1.5)
    return float(snr * exposure.point_noise)


def flux_change(exposure: Exposure, magnitude: float, step: float) -> float:
    """Return the flux in DN by which a source changes that becomes fainter by `step` magnitudes."""
    return exposure.flux(magnitude) * (10 ** (-0.4 * step) - 1.0)


def _is_detectable(exposure: Exposure, magnitude: float, change: float) -> bool:
    if change < 0 and not exposure.camera.sends_fading:
        return False
    flux = exposure.flux(magnitude)
    photons = math.sqrt((flux + abs(change)) / exposure.camera.gain)
    scatter = math.hypot(exposure.point_noise, photons, FLAT_ERROR * flux)
    return abs(change) > exposure.camera.objects.least_snr * scatter


# The function that draws a scene of each class.
SCENES: dict[str, DrawScene] = {
    "AGN": _agn,
    "SN": _supernova,
    "VS": _variable,
    "asteroid": _asteroid,
    "bogus": bogus_scenes.draw_bogus,
}
LABELS = tuple(SCENES)

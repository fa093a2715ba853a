"""Draw the scene of each class at Rubin's depth."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from stampapp.simulation import bogus_scenes, scenes, star_field
from stampapp.simulation.exposures import Exposure
from stampapp.simulation.light_sources import Source
from stampapp.simulation.scene import DrawScene, Scene

_MIN_SNR = 5.0
_MAX_ATTEMPTS = 100
# The residual of a subtraction, as a share of the flux under the source.
_RESIDUAL = 0.006
_FAINTEST_STAR, _FAINTEST_NUCLEUS = 25.0, 24.0
# New sources reach below the threshold, where noise lifts a few above it.
_FAINTER = 0.88
# The relative frequencies of the causes of bogus alerts, before the detection: about half of the
# residuals and dipoles are below its threshold.
_CAUSES = {
    "residual": 0.40,
    "proper motion": 0.11,
    "noise": 0.20,
    "cosmic ray": 0.022,
    "column": 0.018,
    "spike": 0.022,
    "ghost": 0.009,
    "glint": 0.022,
    "streak": 0.026,
    "edge": 0.018,
}
_CAUSE_SHARES = np.array(list(_CAUSES.values())) / sum(_CAUSES.values())


def _agn(rng: Generator, exposure: Exposure) -> Scene:
    """Draw a nucleus that varies by tenths of a magnitude, mostly in a host that is resolved."""
    for _ in range(_MAX_ATTEMPTS):
        # Counts of active nuclei grow by a factor of two per magnitude.
        magnitude = max(_FAINTEST_NUCLEUS + math.log10(1 - rng.random()) / 0.33, 17.0)
        share = rng.uniform(0.85, 0.98) if rng.random() < 0.22 else rng.uniform(0.1, 0.85)
        nucleus = Source(x=0, y=0, magnitude=magnitude - 2.5 * math.log10(share))
        # Fainter nuclei vary more (Vanden Berk et al. 2004).
        amplitude = 0.13 * 10 ** (0.07 * (nucleus.magnitude - 20.0))
        change = scenes.flux_change(exposure, nucleus.magnitude, rng.normal(0.0, amplitude))
        if _is_bright_enough(exposure, magnitude, change):
            break
    host = star_field.draw_galaxy(rng, exposure, magnitude - 2.5 * math.log10(1.0 - share))
    return Scene(exposure=exposure, static=(nucleus, host), changed=(nucleus,), fluxes=(change,))


def _variable(rng: Generator, exposure: Exposure) -> Scene:
    """Draw a star that is brighter or fainter than in the template; a few are new."""
    for _ in range(_MAX_ATTEMPTS):
        magnitude = max(_FAINTEST_STAR + math.log10(1 - rng.random()) / 0.2, _brightest(exposure))
        if rng.random() < 0.015:
            magnitude, step = rng.uniform(22.0, 27.0), -rng.uniform(1.5, 6.0)
        else:
            step = 0.06 * math.exp(rng.normal(0.0, 1.3)) * (1 if rng.random() < 0.5 else -1)
        change = scenes.flux_change(exposure, magnitude, step)
        if _is_bright_enough(exposure, magnitude, change):
            break
    star = Source(x=0, y=0, magnitude=magnitude)
    return Scene(exposure=exposure, static=(star,), changed=(star,), fluxes=(change,))


def _supernova(rng: Generator, exposure: Exposure) -> Scene:
    """Draw a new point source; its galaxy may be too faint to see."""
    scene = scenes.nearby_supernova(rng, exposure)
    scene = replace(scene, fluxes=(_FAINTER * scene.fluxes[0],))
    if rng.random() < 0.02:
        hidden = replace(scene.static[0], magnitude=rng.uniform(25.0, 27.5))
        scene = replace(scene, static=(hidden,))
    # Few templates were taken while the supernova was bright.
    if rng.random() < 0.05:
        scene = replace(scene, fluxes=(-scene.fluxes[0],))
    return scene


def _asteroid(rng: Generator, exposure: Exposure) -> Scene:
    """Draw a moving object, which is in one of the images; few are fast and near the Earth."""
    arcsec = rng.uniform(1.0, 8.0) if rng.random() < 0.05 else rng.uniform(0.1, 0.75)
    length, angle = arcsec / exposure.camera.pixel, rng.uniform(0, 2 * math.pi)
    trail = (length * math.cos(angle), length * math.sin(angle))
    flux = (
        _FAINTER
        * scenes.draw_new_flux(rng, exposure)
        * math.sqrt(1 + length / (1.5 * exposure.fwhm))
    )
    # In a template of few exposures, one that passed leaves a trace.
    sign = -1.0 if exposure.frames < 4 and rng.random() < 0.04 else 1.0
    mover = Source(x=0, y=0, magnitude=0.0, trail=trail)
    return Scene(exposure=exposure, changed=(mover,), fluxes=(sign * flux,))


def _bogus(rng: Generator, exposure: Exposure) -> Scene:
    """Draw an unchanged scene in which the subtraction, the detector or noise gives a detection."""
    cause = str(rng.choice(list(_CAUSES), p=_CAUSE_SHARES))
    match cause:
        case "residual":
            return _residual(rng, exposure)
        case "proper motion":
            return _moved_star(rng, exposure)
        case "noise":
            return _noise(rng, exposure)
        case "glint" | "streak":
            return _satellite(rng, exposure, cause)
        case "spike" | "ghost":
            return _near_bright_star(rng, exposure, cause)
        case _:
            return Scene(exposure=exposure, artifact=cause)


def _residual(rng: Generator, exposure: Exposure) -> Scene:
    """Draw a bright source whose subtraction failed: misaligned, refracted, or with a wrong PSF.

    The position of a red or blue source depends on the airmass, as the atmosphere refracts.
    """
    core = bogus_scenes.draw_bright_source(rng, exposure)
    core = replace(core, magnitude=max(core.magnitude, _brightest(exposure) - 0.7))
    wrong, angle = 0.1 * math.exp(rng.normal(0.0, 0.8)), rng.uniform(0, 2 * math.pi)
    worse = replace(
        exposure,
        shift=(wrong * math.cos(angle), wrong * math.sin(angle)),
        psf_error=rng.normal(0.0, 0.02),
        flux_error=rng.normal(0.0, 0.005),
    )
    return Scene(exposure=worse, static=(core,), artifact="residual")


def _moved_star(rng: Generator, exposure: Exposure) -> Scene:
    """Draw a star that moved since the template was taken."""
    arcsec = 0.02 * (1 - rng.random()) ** -0.7
    distance = min(arcsec, 1.5) / exposure.camera.pixel
    angle = rng.uniform(0, 2 * math.pi)
    x, y = 0.5 * distance * math.cos(angle), 0.5 * distance * math.sin(angle)
    # The signal of a dipole grows with flux and distance, as long as the lobes overlap.
    needed = _MIN_SNR * exposure.point_noise * max(0.6 * exposure.fwhm / distance, 1.0)
    flux = needed * (1 - rng.random()) ** (-1 / 1.2)
    magnitude = max(exposure.magnitude(flux), _brightest(exposure))
    flux = exposure.flux(magnitude)
    before = Source(x=-x, y=-y, magnitude=magnitude)
    return Scene(
        exposure=exposure,
        static=(before,),
        changed=(before.moved(2 * x, 2 * y), before),
        fluxes=(flux, -flux),
        artifact="proper motion",
    )


def _noise(rng: Generator, exposure: Exposure) -> Scene:
    """Draw a noise peak on empty sky or on a galaxy.

    Of white noise, the peaks that a matched filter finds look on average like faint sources.
    """
    static: tuple[Source, ...] = ()
    if rng.random() < 0.35:
        galaxy = star_field.draw_galaxy(rng, exposure, rng.uniform(18.0, 25.0))
        spread = 0.7 * galaxy.radius
        static = (galaxy.moved(rng.normal(0, spread), rng.normal(0, spread)),)
    if rng.random() < 0.08:
        return Scene(exposure=exposure, static=static, artifact="noise")
    snr = 1.12 * (_MIN_SNR + rng.exponential(0.35)) * (1 if rng.random() < 0.6 else -1)
    peak = Source(x=0, y=0, magnitude=0.0)
    fluxes = (snr * exposure.point_noise,)
    return Scene(
        exposure=exposure, static=static, changed=(peak,), fluxes=fluxes, artifact="noise peak"
    )


def _satellite(rng: Generator, exposure: Exposure, cause: str) -> Scene:
    """Draw a flash of a tumbling satellite, or the streak of one that crosses the stamp."""
    glint = cause == "glint"
    length = (rng.uniform(0.2, 3.0) if glint else rng.uniform(14.0, 40.0)) / exposure.camera.pixel
    angle = rng.uniform(0, 2 * math.pi)
    trail = (length * math.cos(angle), length * math.sin(angle))
    snr = _MIN_SNR * (1 - rng.random()) ** (-1 / 1.5) * math.sqrt(1 + length / exposure.fwhm)
    flash = Source(x=0, y=0, magnitude=0.0, trail=trail)
    along = 0.0 if glint else rng.uniform(-0.3, 0.3)
    flash = flash.moved(along * trail[0], along * trail[1])
    return Scene(
        exposure=exposure,
        changed=(flash,),
        fluxes=(min(snr, 400.0) * exposure.point_noise,),
        artifact=cause,
    )


def _near_bright_star(rng: Generator, exposure: Exposure, cause: str) -> Scene:
    angle, distance = rng.uniform(0, 2 * math.pi), rng.uniform(12.0, 34.0)
    star = Source(x=0, y=0, magnitude=rng.uniform(12.0, 16.0))
    along = (0.0, distance) if cause == "spike" else (math.cos(angle) * distance, distance)
    return Scene(exposure=exposure, static=(star.moved(*along),), artifact=cause)


def _brightest(exposure: Exposure) -> float:
    """Return the magnitude of a star that just saturates a pixel."""
    peak = exposure.camera.saturation / 1.2 * exposure.point_area
    return exposure.magnitude(peak)


def _is_bright_enough(exposure: Exposure, magnitude: float, change: float) -> bool:
    flux = exposure.flux(magnitude)
    photons = math.sqrt((flux + abs(change)) / exposure.camera.gain)
    return abs(change) > _MIN_SNR * math.hypot(exposure.point_noise, photons, _RESIDUAL * flux)


SCENES: dict[str, DrawScene] = {
    "AGN": _agn,
    "SN": _supernova,
    "VS": _variable,
    "asteroid": _asteroid,
    "bogus": _bogus,
}

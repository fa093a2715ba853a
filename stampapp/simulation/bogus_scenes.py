"""Draw the scenes of bogus detections: unchanged sources and artifacts."""

from __future__ import annotations

import math
from dataclasses import replace

from numpy.random import Generator

from stampapp.simulation import star_field
from stampapp.simulation.exposures import Exposure
from stampapp.simulation.light_sources import Source
from stampapp.simulation.scene import MIN_SNR, Scene


def draw_bogus(rng: Generator, exposure: Exposure) -> Scene:
    """Draw an unchanged scene in which the subtraction, the detector or noise gives a detection."""
    kind = _draw_artifact(rng, exposure)
    if kind == "residual":
        return _residual(rng, exposure)
    if kind == "flux scale":
        return _flux_scale(rng, exposure)
    static: tuple[Source, ...] = ()
    if kind == "noise" and rng.random() < 0.5:
        near = star_field.draw_galaxy(rng, exposure, rng.uniform(16.5, 22.0))
        static = (near.moved(rng.normal(0, 3.0), rng.normal(0, 3.0)),)
    if kind in ("spike", "ghost"):
        angle, distance = rng.uniform(0, 2 * math.pi), rng.uniform(9.0, 30.0)
        star = Source(x=0, y=0, magnitude=rng.uniform(9.5, 13.0))
        along = (0.0, distance) if kind == "spike" else (math.cos(angle) * distance, distance)
        static = (star.moved(*along),)
    return Scene(exposure=exposure, static=static, artifact=kind)


def _draw_artifact(rng: Generator, exposure: Exposure) -> str:
    shares = {
        **exposure.camera.bogus_causes.artifacts,
        "flux scale": _flux_scale_share(exposure),
    }
    total = sum(shares.values())
    return str(rng.choice(list(shares), p=[share / total for share in shares.values()]))


def _flux_scale_share(exposure: Exposure) -> float:
    causes = exposure.camera.bogus_causes
    return causes.flux_scale_cloudy if exposure.is_dimmed else causes.flux_scale_clear


def _residual(rng: Generator, exposure: Exposure) -> Scene:
    """Draw a bright source with a residual: misregistered, or with an error of the PSF."""
    core, causes = draw_bright_source(rng, exposure), exposure.camera.bogus_causes
    away = causes.misregistration * math.exp(rng.normal(0.0, 0.5))
    angle = rng.uniform(0, 2 * math.pi)
    worse = replace(
        exposure,
        shift=(away * math.cos(angle), away * math.sin(angle)),
        psf_error=rng.normal(0.0, causes.psf_error),
    )
    return Scene(exposure=worse, static=(core,), artifact="residual")


def _flux_scale(rng: Generator, exposure: Exposure) -> Scene:
    """Draw a bright source that seems to vary, as the flux scale is wrong there."""
    core, causes = draw_bright_source(rng, exposure), exposure.camera.bogus_causes
    flux = exposure.flux(core.magnitude)
    photons = math.sqrt(flux / exposure.camera.gain)
    needed = MIN_SNR * math.hypot(exposure.point_noise, photons) / flux
    wrong = needed * rng.uniform(1.0, causes.flux_scale_excess) * (1 if rng.random() < 0.55 else -1)
    jitter = rng.normal(0.0, causes.flux_scale_shift, 2)
    worse = replace(
        exposure,
        flux_error=wrong,
        shift=(float(jitter[0]), float(jitter[1])),
        psf_error=rng.normal(0.0, 0.03),
    )
    return Scene(exposure=worse, static=(core,), artifact="flux scale")


def draw_bright_source(rng: Generator, exposure: Exposure) -> Source:
    """Draw a star or galaxy well above the limit of the exposure."""
    excess = float(min(max(rng.normal(*exposure.camera.bogus_causes.excess), 0.8), 8.0))
    above = exposure.limiting_magnitude - excess
    if rng.random() < 0.7:
        return Source(x=0, y=0, magnitude=max(above, 11.5))
    return star_field.draw_galaxy(rng, exposure, max(above, 13.0))

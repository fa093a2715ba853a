"""Draw the scene of each class: constant sources, changes, and artifacts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from numpy.random import Generator

from stampapp.simulation import star_field, supernovae
from stampapp.simulation.exposures import Exposure
from stampapp.simulation.instruments import Camera
from stampapp.simulation.light_sources import Source
from stampapp.simulation.measurements import FLAT_ERROR
from stampapp.simulation.populations import Lognormal, Objects

_MIN_SNR = 5.3
_SATURATED = 12.3
_FLICKER_AT = 19.0
_MAX_ATTEMPTS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """The sources in front of the camera, and what is wrong with the image.

    `static` sources are in both images. `changed` sources are in the science image only, with
    these `fluxes` in DN, below 0 for lost light. `artifact` is the kind of artifact, if any.
    `catalogue_sources` are the entries of catalogues, if they differ from `static`. `in_halo` is
    whether the object is a star of the Milky Way's halo rather than of its disc.
    """

    exposure: Exposure
    static: tuple[Source, ...] = ()
    changed: tuple[Source, ...] = ()
    fluxes: tuple[float, ...] = ()
    artifact: str | None = None
    catalogue_sources: tuple[Source, ...] | None = None
    in_halo: bool = False


DrawScene = Callable[[Generator, Exposure], Scene]


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
        if supernovae.is_detectable(exposure, flux, host, _MIN_SNR):
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


def _bogus(rng: Generator, exposure: Exposure) -> Scene:
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
    needed = _MIN_SNR * math.hypot(exposure.point_noise, photons) / flux
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


def draw_new_flux(rng: Generator, exposure: Exposure) -> float:
    """Draw a flux in DN of sources in a volume: N(>F) is proportional to F^-1.5."""
    snr = _MIN_SNR * rng.uniform(5e-4, 1.0) ** (-1 / 1.5)
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
    "bogus": _bogus,
}
LABELS = tuple(SCENES)

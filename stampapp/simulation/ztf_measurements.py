"""Alert fields that ZTF's pipeline measures at a detection: magnitudes, widths, scores.

Scatter and limits are those of public alerts.
"""

from __future__ import annotations

import math

from numpy.random import Generator

from stampapp.simulation.detections import Detection
from stampapp.simulation.exposures import Exposure

_SIGMA_MAG = 2.5 / math.log(10)
_MIN_SNR = 5.0
# Sigmas of bright sources are not smaller than this, in magnitudes.
_LEAST_SIGMA = 0.015
# The variance of a flux in units of the squared `fit_noise`: a constant, and factors of the flux
# and of the light in the template, both in units of `fit_noise`.
_VARIANCE = (0.14, 0.125, 0.0073)
_VARIANCE_SCATTER = 0.2
# How often a detection on a star or nucleus is narrower than the PSF, and elsewhere.
_NARROW_ON_SOURCE, _NARROW = 0.42, 0.08
# Lowers the real-bogus score. Bogus alerts are those that passed the cut; trails look less real.
_DOUBT = {"bogus": 0.55, "asteroid": 0.3}


def measure(
    rng: Generator, exposure: Exposure, detection: Detection, under: float, label: str
) -> dict[str, float] | None:
    """Return magpsf, sigmapsf, widths, classtar and rb; None if the flux is too uncertain.

    `under` is the template's light in DN at the detection (see `AlertBuilder`), `label` the class.
    """
    under = max(under, 0.0)
    scatter = _flux_scatter(rng, exposure, detection.flux, under)
    snr = detection.flux / scatter
    if snr < _MIN_SNR:
        return None
    return {
        "magpsf": exposure.magnitude(detection.flux),
        "sigmapsf": max(_SIGMA_MAG / snr, _LEAST_SIGMA * math.exp(abs(rng.normal(0.0, 0.05)))),
        **_shape(rng, exposure, on_source=under > detection.flux / 2, snr=snr),
        "rb": _real_bogus(rng, detection, under, label),
    }


def _flux_scatter(rng: Generator, exposure: Exposure, flux: float, under: float) -> float:
    constant, of_flux, of_template = _VARIANCE
    unit = exposure.fit_noise
    variance = constant + (of_flux * flux + of_template * under) / unit
    return float(unit * math.sqrt(variance) * math.exp(rng.normal(0.0, _VARIANCE_SCATTER / 2)))


def _shape(rng: Generator, exposure: Exposure, *, on_source: bool, snr: float) -> dict[str, float]:
    """Return fwhm (pixels), classtar, elong and the moments aimage, bimage (pixels)."""
    if rng.random() < (_NARROW_ON_SOURCE if on_source else _NARROW):
        width = 0.6 * exposure.fwhm * math.exp(rng.normal(0.0, 0.11))
    else:
        width = 1.25 * exposure.fwhm * math.exp(rng.normal(0.0, 0.14))
    major = 0.4 * exposure.fwhm * math.exp(rng.normal(0.0, 0.15))
    elongation = 1.0 + 0.1 * math.exp(rng.normal(0.0, 0.6))
    return {
        "fwhm": max(width, rng.uniform(1.03, 1.3)),
        "classtar": 0.999 - _doubt_of_star(rng, snr),
        "elong": elongation,
        "aimage": major,
        "bimage": major / elongation,
    }


def _doubt_of_star(rng: Generator, snr: float) -> float:
    """Draw by how much classtar is below that of a star."""
    if rng.random() < min(0.3, 1.7 / snr):
        return rng.uniform(0.05, 0.42)
    usual = 0.018 * min(1.0, (18.0 / snr) ** 2) * math.exp(rng.normal(-0.05, 0.95))
    return float(min(usual, 0.99))


def _real_bogus(rng: Generator, detection: Detection, under: float, label: str) -> float:
    """Return the score of a random forest: usually right, not always."""
    strength = min(math.log10(max(detection.snr, 5.0) / 5.0), 1.0)
    odd = min(abs(math.log(max(detection.sharpness, 0.1))), 1.5)
    contrast = min(math.log10(1 + under / detection.flux), 1.5)
    centre = 1.7 + 0.5 * strength - 0.7 * odd - 0.9 * contrast - _DOUBT.get(label, 0.0)
    return 1.0 / (1.0 + math.exp(-(centre + rng.normal(0.0, 0.75))))


def image_limits(rng: Generator, exposure: Exposure) -> dict[str, float]:
    """Return diffmaglim (five sigma, mag), seeratio, sky (DN) and magzpsci (mag) of an image."""
    return {
        "diffmaglim": exposure.limiting_magnitude + rng.normal(0.0, 0.08),
        "seeratio": min(exposure.fwhm / exposure.template_fwhm, 2.0),
        "sky": rng.normal(0.0, 1.0),
        "magzpsci": exposure.zero_point,
    }

"""Alert fields that a pipeline measures at a detection: magnitudes, widths, scores.

Surveys with a module of their own for this do not use it.
"""

from __future__ import annotations

import math

from numpy.random import Generator

from stampapp.simulation.detections import Detection
from stampapp.simulation.exposures import Exposure

# The residual of a bright source after subtraction, as a share of its flux.
FLAT_ERROR = 0.012
_SIGMA_MAG = 2.5 / math.log(10)

# Lowers the real-bogus score. Bogus alerts are those that passed the cut; trails look less real.
_DOUBT = {"bogus": 1.6, "asteroid": 0.4}


def measure(
    rng: Generator, exposure: Exposure, detection: Detection, under: float, label: str
) -> dict[str, float]:
    """Return magpsf, sigmapsf, widths, classtar and rb of a detection.

    `under` is the template's light in DN at the detection (see `AlertBuilder`), `label` the class.
    """
    return {
        **photometry(rng, exposure, detection, under),
        **shape(rng, exposure, detection),
        "rb": real_bogus(rng, detection, under, label),
    }


def photometry(
    rng: Generator, exposure: Exposure, detection: Detection, under: float
) -> dict[str, float]:
    """Return magpsf and sigmapsf; `under` is the template's light in DN at the detection."""
    photons = math.sqrt((detection.flux + max(under, 0.0)) / exposure.camera.gain)
    empty = detection.flux / max(detection.snr, 1.0)
    scatter = math.hypot(empty, photons, FLAT_ERROR * under)
    error = _SIGMA_MAG * scatter / detection.flux * math.exp(rng.normal(0.05, 0.12))
    return {
        "magpsf": exposure.magnitude(detection.flux),
        "sigmapsf": min(math.hypot(error, 0.015), 0.23 + 0.02 * rng.random()),
    }


def shape(rng: Generator, exposure: Exposure, detection: Detection) -> dict[str, float]:
    """Return fwhm (pixels), classtar, elong and the moments aimage, bimage (pixels)."""
    faint = 1.0 / max(detection.snr, 1.0)
    narrow = min(max(detection.sharpness, 0.5), 3.0)
    width = exposure.fwhm * 1.12 * narrow**-0.6 * math.exp(rng.normal(0.0, 0.12 + 1.4 * faint))
    if rng.random() < 2.5 * faint:
        # Little more than the peak of a faint source is above the threshold.
        width = rng.uniform(1.0, 1.6)
    major = 0.37 * width * math.exp(rng.normal(0.0, 0.1))
    elongation = 1.0 + abs(rng.normal(0.06, 0.05 + 0.5 * faint))
    blurred = max(0.0, exposure.fwhm - 2.5)
    doubt = rng.exponential(0.012 + 0.35 * faint + 0.06 * blurred)
    return {
        "fwhm": max(width, 0.5),
        "classtar": max(0.0, 0.999 - min(doubt, 0.99)),
        "elong": elongation,
        "aimage": major,
        "bimage": major / elongation,
    }


def real_bogus(rng: Generator, detection: Detection, under: float, label: str) -> float:
    """Return rb, the real-bogus score of a random forest: usually right, not always."""
    strength = min(math.log10(max(detection.snr, 5.0) / 5.0), 1.0)
    odd = min(abs(math.log(max(detection.sharpness, 0.1))), 1.5)
    contrast = min(math.log10(1 + max(under, 0.0) / detection.flux), 1.5)
    centre = 1.5 + 0.5 * strength - 0.7 * odd - 0.6 * contrast - _DOUBT.get(label, 0.0)
    return 1.0 / (1.0 + math.exp(-(centre + rng.normal(0.0, 0.7))))

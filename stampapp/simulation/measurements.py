"""What a pipeline writes into an alert about a detection: magnitudes, widths, scores."""

from __future__ import annotations

import math

from numpy.random import Generator

from stampapp.simulation.detections import Detection
from stampapp.simulation.exposures import Exposure

_SIGMA_MAG = 2.5 / math.log(10)


def photometry(
    rng: Generator, exposure: Exposure, detection: Detection, below: float
) -> dict[str, float]:
    """Return magpsf and sigmapsf; `below` is the flux in DN that lies under the detection."""
    photons = math.sqrt((detection.flux + max(below, 0.0)) / exposure.camera.gain)
    scatter = math.hypot(detection.flux / max(detection.snr, 1.0), photons)
    error = _SIGMA_MAG * scatter / detection.flux * math.exp(rng.normal(0.05, 0.12))
    return {
        "magpsf": exposure.magnitude(detection.flux),
        "sigmapsf": min(math.hypot(error, 0.015), 0.23 + 0.02 * rng.random()),
    }


def shape(rng: Generator, exposure: Exposure, detection: Detection) -> dict[str, float]:
    """Return fwhm (pixels), classtar, elong and the moments aimage, bimage (pixels)."""
    faint = 1.0 / max(detection.snr, 1.0)
    narrow = min(max(detection.sharpness, 0.5), 3.0)
    width = exposure.fwhm * 1.05 * narrow**-0.6 * math.exp(rng.normal(0.0, 0.1 + 1.2 * faint))
    major = 0.37 * width * math.exp(rng.normal(0.0, 0.1))
    elongation = 1.0 + abs(rng.normal(0.06, 0.05 + 0.5 * faint))
    blurred = max(0.0, exposure.fwhm - 2.5)
    doubt = rng.exponential(0.02 + 0.5 * faint + 0.06 * blurred)
    return {
        "fwhm": max(width, 0.5),
        "classtar": max(0.0, 0.985 - min(doubt, 0.98)),
        "elong": elongation,
        "aimage": major,
        "bimage": major / elongation,
    }


def real_bogus(rng: Generator, detection: Detection, label: str) -> float:
    """Return rb: the survey's random forest's opinion, which is right more often than not."""
    strength = min(math.log10(max(detection.snr, 5.0) / 5.0), 1.0)
    odd = min(abs(math.log(max(detection.sharpness, 0.1))), 1.5)
    centre = 0.75 + 0.9 * strength - 0.7 * odd - (0.75 if label == "bogus" else 0.0)
    return 1.0 / (1.0 + math.exp(-(centre + rng.normal(0.0, 0.75))))


def limits(rng: Generator, exposure: Exposure) -> dict[str, float]:
    """Return diffmaglim (the image's five sigma), seeratio, sky (DN) and magzpsci (mag)."""
    return {
        "diffmaglim": exposure.limiting_magnitude + rng.normal(0.0, 0.08),
        "seeratio": min(exposure.fwhm / exposure.template_fwhm, 2.0),
        "sky": rng.normal(0.0, 1.0),
        "magzpsci": exposure.zero_point,
    }

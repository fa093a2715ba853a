"""Subtract a template from a science image, with the methods of the surveys' pipelines."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from stampapp.simulation import image_model
from stampapp.simulation.exposures import Exposure
from stampapp.simulation.image_model import Image, Spectrum
from stampapp.simulation.instruments import Subtraction


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A difference image in DN, its PSF, and its noise per pixel in DN."""

    pixels: Image
    psf: Image
    noise: float


def subtract(science: Image, template: Image, exposure: Exposure) -> Difference:
    """Return science minus template, images (GRID, GRID) without background, of one flux scale."""
    error = 1.0 + exposure.psf_error
    assumed = replace(exposure.psf, fwhm=max(exposure.fwhm * error, 1.0))
    psf_s, psf_t = assumed.transform(), exposure.template_psf.transform()
    s, t = image_model.to_spectrum(science), image_model.to_spectrum(template)
    if exposure.camera.subtraction is Subtraction.PROPER:
        return _subtract_proper(s, t, psf_s, psf_t, exposure)
    return _subtract_matched(s, t, psf_s, psf_t, exposure)


def _subtract_proper(
    s: Spectrum, t: Spectrum, psf_s: Spectrum, psf_t: Spectrum, exposure: Exposure
) -> Difference:
    """Subtract as in Zackay, Ofek & Gal-Yam 2016, equations 13 and 14: the noise stays white."""
    scatter_s, scatter_t = exposure.noise, exposure.template_noise
    whitening = np.sqrt(scatter_s**2 * np.abs(psf_t) ** 2 + scatter_t**2 * np.abs(psf_s) ** 2)
    whitening = np.maximum(whitening, 1e-12)
    unit = np.hypot(scatter_s, scatter_t)
    difference = (s * psf_t - t * psf_s) / whitening * unit
    psf = psf_s * psf_t / whitening * unit
    return Difference(
        pixels=image_model.to_image(difference),
        psf=image_model.to_image(psf / psf[0, 0].real),
        noise=float(unit),
    )


def _subtract_matched(
    s: Spectrum, t: Spectrum, psf_s: Spectrum, psf_t: Spectrum, exposure: Exposure
) -> Difference:
    """Subtract as in Alard & Lupton 1998: blur the template to the seeing of the science image."""
    least = 3e-3 if exposure.camera.subtraction is Subtraction.MATCHED else 1e-3
    kernel = psf_s * np.conj(psf_t) / (np.abs(psf_t) ** 2 + least)
    difference = s - t * kernel / kernel[0, 0].real
    if exposure.camera.subtraction is Subtraction.DECORRELATED:
        difference *= _whitening(kernel / kernel[0, 0].real, exposure)
    return Difference(
        pixels=image_model.to_image(difference),
        psf=image_model.to_image(psf_s),
        noise=float(np.hypot(exposure.noise, exposure.template_noise)),
    )


def _whitening(kernel: Spectrum, exposure: Exposure) -> Spectrum:
    """Return the factor that makes the noise of a matched difference white (Reiss & Lupton 2016).

    It changes the PSF a little, which no survey's photometry takes into account.
    """
    scatter_s, scatter_t = exposure.noise**2, exposure.template_noise**2
    factor = np.sqrt((scatter_s + scatter_t) / (scatter_s + np.abs(kernel) ** 2 * scatter_t))
    unit: Spectrum = factor / factor[0, 0]
    return unit

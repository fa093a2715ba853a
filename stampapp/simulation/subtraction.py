"""Subtract a template from a science image, with the methods of the surveys' pipelines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stampapp.simulation import image_model
from stampapp.simulation.exposures import Exposure
from stampapp.simulation.image_model import PSF, Image, Spectrum
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
    assumed = PSF(fwhm=max(exposure.fwhm * error, 1.0), ellipticity=exposure.ellipticity)
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
    kernel = psf_s * np.conj(psf_t) / (np.abs(psf_t) ** 2 + 3e-3)
    difference = s - t * kernel / kernel[0, 0].real
    return Difference(
        pixels=image_model.to_image(difference),
        psf=image_model.to_image(psf_s),
        noise=float(np.hypot(exposure.noise, exposure.template_noise)),
    )

"""Sources → pixels. Everything is summed in Fourier space, where a shift costs nothing.

The PSF is a Moffat profile, galaxies are Sérsic profiles, both of galsim. A PSF's width is that
of the image, so it includes the pixel's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import galsim
import numpy as np
import numpy.typing as npt

from stampapp.simulation.sources import Source

Image = npt.NDArray[np.float64]
Spectrum = npt.NDArray[np.complex128]

# Larger than a stamp, so that what the transform wraps around the edge stays outside.
GRID = 96
_MOFFAT_BETA = 3.0
_KX = 2 * np.pi * np.fft.rfftfreq(GRID)
_KY = 2 * np.pi * np.fft.fftfreq(GRID)
# Multiplied with a transform, this moves the origin from a corner to the middle, and back.
_TO_MIDDLE = np.where(np.add.outer(np.arange(GRID), np.arange(GRID // 2 + 1)) % 2, -1.0, 1.0)
# The half-light radius of an exponential disc in scale lengths.
_HALF_LIGHT = 1.67834699


def psf(fwhm: float, ellipticity: tuple[float, float] = (0.0, 0.0)) -> Spectrum:
    """Return the transform of a PSF of this width in pixels, of unit flux, around the origin."""
    profile = galsim.Moffat(beta=_MOFFAT_BETA, fwhm=fwhm).shear(
        g1=ellipticity[0], g2=ellipticity[1]
    )
    pixels = galsim.ImageD(GRID, GRID, scale=1.0)
    middle = galsim.PositionD(GRID // 2 + 1, GRID // 2 + 1)
    profile.drawImage(pixels, method="no_pixel", center=middle)
    transform = spectrum(pixels.array)
    unit: Spectrum = transform / transform[0, 0].real
    return unit


def light(sources: Sequence[Source], fluxes: Sequence[float]) -> Spectrum:
    """Return the transform of the sources as they are outside the atmosphere."""
    points = [(s, f) for s, f in zip(sources, fluxes, strict=True) if not _shaped(s)]
    total = _points([s for s, _ in points], [f for _, f in points])
    for source, flux in zip(sources, fluxes, strict=True):
        if _shaped(source):
            total += flux * _shape(source) * shift(source.x, source.y)
    return total


def image(transform: Spectrum) -> Image:
    """Return the pixels, with the origin in the middle (GRID // 2, GRID // 2)."""
    pixels: Image = np.fft.irfft2(transform * _TO_MIDDLE, (GRID, GRID))
    return pixels


def spectrum(pixels: Image) -> Spectrum:
    """Return the transform of pixels whose origin is in the middle."""
    transform: Spectrum = np.fft.rfft2(pixels) * _TO_MIDDLE
    return transform


def shift(x: float, y: float) -> Spectrum:
    """Return what moves an image by (x, y) pixels."""
    phase: Spectrum = np.exp(-1j * _KY * y)[:, None] * np.exp(-1j * _KX * x)[None, :]
    return phase


def _points(sources: Sequence[Source], fluxes: Sequence[float]) -> Spectrum:
    x = np.array([source.x for source in sources])
    y = np.array([source.y for source in sources])
    rows = np.exp(-1j * np.outer(_KY, y)) * np.asarray(fluxes, dtype=np.float64)
    total: Spectrum = rows @ np.exp(-1j * np.outer(x, _KX))
    return total


def _shaped(source: Source) -> bool:
    return source.extended or source.trail != (0.0, 0.0)


def _shape(source: Source) -> Spectrum:
    if source.extended:
        return _galaxy(source)
    x, y = source.trail
    along = (np.outer(_KY, np.full(len(_KX), y)) + _KX * x) / (2 * np.pi)
    trail: Spectrum = np.sinc(along).astype(np.complex128)
    return trail


def _galaxy(source: Source) -> Spectrum:
    if source.index == 1.0:
        return _disc(source)
    profile = galsim.Sersic(n=source.index, half_light_radius=source.radius)
    sheared = profile.shear(q=max(source.ratio, 0.1), beta=source.angle * galsim.radians)
    array = sheared.drawKImage(nx=GRID, ny=GRID, scale=2 * math.pi / GRID).array
    half: Spectrum = np.fft.ifftshift(array)[:, : GRID // 2 + 1].astype(np.complex128)
    return half


def _disc(source: Source) -> Spectrum:
    """Return what galsim gives for a Sérsic index of 1, whose transform is known."""
    scale = source.radius / _HALF_LIGHT
    long, short = scale / math.sqrt(source.ratio), scale * math.sqrt(source.ratio)
    cosine, sine = math.cos(source.angle), math.sin(source.angle)
    along = long * (cosine * _KX[None, :] + sine * _KY[:, None])
    across = short * (cosine * _KY[:, None] - sine * _KX[None, :])
    disc = (1.0 + along**2 + across**2) ** -1.5
    return disc.astype(np.complex128)

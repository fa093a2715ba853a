"""Render sources as pixels.

The PSF is a Moffat profile, galaxies are Sérsic profiles. The width of a PSF is that in the image:
it includes the pixel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import galsim
import numpy as np
import numpy.typing as npt
from astropy.modeling.functional_models import Moffat2D

from stampapp.simulation.light_sources import Source

Image = npt.NDArray[np.float64]
Spectrum = npt.NDArray[np.complex128]

# The side of an image; larger than a stamp, which keeps light that wraps around the edge outside.
GRID = 96
_WINDOW = 24
# Stars may be this far outside the grid, as the misregistration of a template moves some.
_MARGIN = _WINDOW + 16
_ROWS, _COLUMNS = np.mgrid[-GRID // 2 : GRID // 2, -GRID // 2 : GRID // 2].astype(np.float64)
_WINDOW_ROWS, _WINDOW_COLUMNS = np.mgrid[-_WINDOW : _WINDOW + 1, -_WINDOW : _WINDOW + 1].astype(
    np.float64
)
_KX = 2 * np.pi * np.fft.rfftfreq(GRID)
_KY = 2 * np.pi * np.fft.fftfreq(GRID)
# Multiplying a transform by this moves the origin from a corner to the middle, and back.
_TO_MIDDLE = np.where(np.add.outer(np.arange(GRID), np.arange(GRID // 2 + 1)) % 2, -1.0, 1.0)
# The half-light radius of an exponential disc in scale lengths.
HALF_LIGHT = 1.67834699


@dataclass(frozen=True, kw_only=True, slots=True)
class PSF:
    """A point-spread function: full width at half maximum in pixels, shear, Moffat's exponent."""

    fwhm: float
    ellipticity: tuple[float, float] = (0.0, 0.0)
    beta: float = 3.0

    def at(self, x: Image, y: Image) -> Image:
        """Return the share of a star's flux in a pixel (x, y) pixels from it."""
        g1, g2 = self.ellipticity
        gamma = self.fwhm / (2 * math.sqrt(2 ** (1 / self.beta) - 1))
        peak = (self.beta - 1) / (math.pi * gamma**2)
        u, v = (1 - g1) * x - g2 * y, (1 + g1) * y - g2 * x
        share: Image = Moffat2D.evaluate(u, v, peak, 0.0, 0.0, gamma, self.beta)
        return share

    def transform(self) -> Spectrum:
        """Return the transform for unit flux, centred on the origin."""
        transform = to_spectrum(self.at(_COLUMNS, _ROWS))
        unit: Spectrum = transform / transform[0, 0].real
        return unit


# Galaxies, trails and faint stars are summed in Fourier space, where a shift is cheap. A PSF of two
# pixels is not band-limited, so bright stars would ring there: they are drawn one by one.
@dataclass(frozen=True, kw_only=True, slots=True)
class Light:
    """Light of sources before the PSF: a transform, and bright stars with fluxes in DN."""

    smooth: Spectrum
    stars: tuple[tuple[Source, float], ...]

    def __add__(self, other: Light) -> Light:
        return Light(smooth=self.smooth + other.smooth, stars=self.stars + other.stars)

    def scaled(self, factor: float) -> Light:
        """Return this light, brighter by a factor."""
        stars = tuple((star, flux * factor) for star, flux in self.stars)
        return Light(smooth=self.smooth * factor, stars=stars)

    def moved(self, dx: float, dy: float) -> Light:
        """Return this light, shifted by (dx, dy) pixels."""
        stars = tuple((star.moved(dx, dy), flux) for star, flux in self.stars)
        return Light(smooth=self.smooth * shift_phase(dx, dy), stars=stars)

    def rendered(self, psf: PSF) -> Image:
        """Return the noiseless image (GRID, GRID) in DN with this PSF."""
        return to_image(self.smooth * psf.transform()) + _draw_stars(self.stars, psf)


def to_light(sources: Sequence[Source], fluxes: Sequence[float], bright: float) -> Light:
    """Return the light of sources with these fluxes (DN); from `bright` on, stars stay single."""
    every = list(zip(sources, fluxes, strict=True))
    stars = tuple((s, f) for s, f in every if not _is_resolved(s) and abs(f) >= bright)
    faint = [(s, f) for s, f in every if not _is_resolved(s) and abs(f) < bright]
    smooth = _point_sources([s for s, _ in faint], [f for _, f in faint])
    for source, flux in every:
        if _is_resolved(source):
            smooth += flux * _profile(source) * shift_phase(source.x, source.y)
    return Light(smooth=smooth, stars=stars)


def to_image(transform: Spectrum) -> Image:
    """Return the pixels of a transform, with the origin in the middle (GRID // 2, GRID // 2)."""
    pixels: Image = np.fft.irfft2(transform * _TO_MIDDLE, (GRID, GRID))
    return pixels


def to_spectrum(pixels: Image) -> Spectrum:
    """Return the transform of pixels whose origin is in the middle."""
    transform: Spectrum = np.fft.rfft2(pixels) * _TO_MIDDLE
    return transform


def shift_phase(x: float, y: float) -> Spectrum:
    """Return the factor of a transform that shifts an image by (x, y) pixels."""
    phase: Spectrum = np.exp(-1j * _KY * y)[:, None] * np.exp(-1j * _KX * x)[None, :]
    return phase


def correlate_noise(noise: Image, width: float) -> Image:
    """Return noise of the same variance, correlated over a Gaussian of this sigma in pixels."""
    passed = np.exp(-0.5 * width**2 * np.add.outer(_KY**2, _KX**2))
    smooth = to_image(to_spectrum(noise) * passed)
    same: Image = smooth * (2 * math.sqrt(math.pi) * width)
    return same


def correlate_pixels(noise: Image, in_rows: Sequence[float], in_columns: Sequence[float]) -> Image:
    """Return noise of the same variance whose pixels correlate with their neighbours.

    `in_rows` are the correlations with the pixel one, two ... columns away, `in_columns` with those
    so many rows away. Raises ValueError if no noise has such correlations.
    """
    power = np.outer(_correlated_power(_KY, in_columns), _correlated_power(_KX, in_rows))
    return to_image(to_spectrum(noise) * np.sqrt(power))


def _correlated_power(
    frequencies: npt.NDArray[np.floating], correlations: Sequence[float]
) -> npt.NDArray[np.floating]:
    power = np.ones_like(frequencies)
    for distance, correlation in enumerate(correlations, start=1):
        power += 2 * correlation * np.cos(distance * frequencies)
    if power.min() < 0:
        raise ValueError(f"no noise has the correlations {tuple(correlations)}")
    return power


def _draw_stars(stars: Sequence[tuple[Source, float]], psf: PSF) -> Image:
    """Draw each star into a window; less than a millionth of its light is outside."""
    canvas = np.zeros((GRID + 2 * _MARGIN, GRID + 2 * _MARGIN))
    for source, flux in stars:
        row, column = math.floor(source.y), math.floor(source.x)
        share = psf.at(_WINDOW_COLUMNS - (source.x - column), _WINDOW_ROWS - (source.y - row))
        top, left = (at + GRID // 2 + _MARGIN - _WINDOW for at in (row, column))
        canvas[top : top + 2 * _WINDOW + 1, left : left + 2 * _WINDOW + 1] += flux * share
    return canvas[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]


def _point_sources(sources: Sequence[Source], fluxes: Sequence[float]) -> Spectrum:
    x = np.array([source.x for source in sources])
    y = np.array([source.y for source in sources])
    rows = np.exp(-1j * np.outer(_KY, y)) * np.asarray(fluxes, dtype=np.float64)
    total: Spectrum = rows @ np.exp(-1j * np.outer(x, _KX))
    return total


def _is_resolved(source: Source) -> bool:
    return source.extended or source.trail != (0.0, 0.0)


def _profile(source: Source) -> Spectrum:
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
    """Return the transform of a Sérsic profile of index 1, analytically, which is faster."""
    scale = source.radius / HALF_LIGHT
    long, short = scale / math.sqrt(source.ratio), scale * math.sqrt(source.ratio)
    cosine, sine = math.cos(source.angle), math.sin(source.angle)
    along = long * (cosine * _KX[None, :] + sine * _KY[:, None])
    across = short * (cosine * _KY[:, None] - sine * _KX[None, :])
    disc = (1.0 + along**2 + across**2) ** -1.5
    return disc.astype(np.complex128)

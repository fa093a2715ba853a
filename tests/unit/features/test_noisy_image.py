from __future__ import annotations

import math

import numpy as np
import pytest

from stampapp.features.images import Patch
from stampapp.features.noisy_image import NoisyImage, fit_point_source, noisy_image

MIDDLE = (15.0, 15.0)
VARIANCE = np.full((31, 31), 16.0)


def psf(width: float = 2.0, side: int = 41) -> Patch:
    """Return a Gaussian PSF of this standard deviation."""
    half = side // 2
    rows, columns = np.mgrid[-half : half + 1, -half : half + 1]
    shape = np.exp(-(rows**2 + columns**2) / (2 * width**2))
    return np.asarray(shape / shape.sum())


def star(flux: float, row: float = 15.0, column: float = 15.0, width: float = 2.0) -> Patch:
    rows, columns = np.mgrid[:31, :31]
    shape = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * width**2))
    return np.asarray(flux * shape / (2 * math.pi * width**2))


def image(pixels: Patch) -> NoisyImage:
    return noisy_image(pixels, MIDDLE, VARIANCE, psf())


def test_a_star_is_measured() -> None:
    fit = fit_point_source(image(star(1000.0)))
    assert fit.flux == pytest.approx(1000.0, rel=1e-3)
    # The noise of a flux is that of a pixel times the root of 4 pi sigma^2.
    assert fit.significance == pytest.approx(
        1000.0 / (4.0 * math.sqrt(4 * math.pi) * 2.0), rel=0.01
    )
    assert (fit.x, fit.y) == pytest.approx((0.0, 0.0), abs=1e-9)
    assert fit.lopsidedness < 1e-9
    assert fit.residual < 1e-3


def test_a_source_that_faded_has_a_flux_below_zero() -> None:
    fit = fit_point_source(image(star(-1000.0)))
    assert fit.flux == pytest.approx(-1000.0, rel=1e-3)
    assert fit.significance == pytest.approx(-35.4, abs=0.2)


def test_where_a_star_is_beside_the_middle() -> None:
    fit = fit_point_source(image(star(1000.0, 15.4, 14.7)))
    assert (fit.x, fit.y) == pytest.approx((-0.3, 0.4), abs=0.05)
    assert 0.01 < fit.lopsidedness < 0.05


def test_a_dipole_is_lopsided() -> None:
    fit = fit_point_source(image(star(1000.0, row=16.0) - star(1000.0, row=14.0)))
    assert fit.lopsidedness > 0.99


def test_what_is_no_star_leaves_a_residual() -> None:
    pixels = np.zeros((31, 31))
    pixels[15, 15] = 1000.0
    assert fit_point_source(image(pixels)).residual > 100


def test_nothing_has_no_significance() -> None:
    fit = fit_point_source(image(np.zeros((31, 31))))
    assert (fit.flux, fit.significance, fit.x, fit.lopsidedness, fit.residual) == (0, 0, 0, 0, 0)


def test_the_noise_is_the_root_of_the_median_variance() -> None:
    variance = VARIANCE.copy()
    variance[0] = np.nan
    variance[1] = 1e9
    assert noisy_image(star(1.0), MIDDLE, variance, psf()).noise == 4.0


@pytest.mark.parametrize("variance", [None, np.full((31, 31), np.nan), np.zeros((31, 31))])
def test_without_a_variance_the_noise_is_measured(variance: Patch | None) -> None:
    noise = np.random.default_rng(1).normal(0, 40, (31, 31))
    assert noisy_image(noise, MIDDLE, variance, psf()).noise == pytest.approx(40, rel=0.1)


@pytest.mark.parametrize("shape", [None, np.full((41, 41), np.nan), -psf()])
def test_without_a_psf_a_usual_one_is_taken(shape: Patch | None) -> None:
    found = noisy_image(star(1.0), MIDDLE, VARIANCE, shape).psf
    assert found.shape == (15, 15)
    assert found.sum() == pytest.approx(1.0)
    assert found[7, 7 + 2] > found[7, 7] / 2 > found[7, 7 + 3]


def test_a_small_psf_is_filled_up() -> None:
    found = noisy_image(star(1.0), MIDDLE, VARIANCE, psf(1.0, side=11)).psf
    assert found.shape == (15, 15)
    assert found[0].max() == 0.0
    assert found.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("pixels", [np.full((31, 31), np.nan), np.full((1, 1), np.nan)])
def test_missing_pixels_are_zeros(pixels: Patch) -> None:
    found = noisy_image(pixels, MIDDLE)
    assert found.patch.shape == (23, 23)
    assert not found.patch.any()
    assert found.noise == 1.0


@pytest.mark.parametrize("value", [1e38, 1e160, 1e308, math.inf, -math.inf])
@pytest.mark.parametrize("variance", [None, 1e-40, 1e38, 1e308, math.inf])
def test_pixels_and_variances_of_any_size_are_measured(
    value: float, variance: float | None
) -> None:
    pixels = star(1000.0)
    pixels[::2, ::3] = value
    pixels[1::2, ::3] = -value
    given = None if variance is None else np.full((31, 31), variance)
    found = fit_point_source(noisy_image(pixels, MIDDLE, given, psf()))
    assert math.isfinite(found.flux)
    assert math.isfinite(found.significance)
    assert math.isfinite(found.residual)


def test_the_place_is_the_middle() -> None:
    found = noisy_image(star(1.0, 4.0, 20.0), (4.0, 20.0), VARIANCE, psf())
    assert divmod(int(found.patch.argmax()), 23) == (11, 11)
    assert not found.patch[:7].any()

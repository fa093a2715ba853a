from __future__ import annotations

import galsim
import numpy as np
import pytest

from stampapp.simulation import image_model
from stampapp.simulation.image_model import GRID, PSF, Image
from stampapp.simulation.light_sources import Source
from tests.support.ideal_exposures import at

MIDDLE = GRID // 2
ROWS, COLUMNS = np.mgrid[-MIDDLE:MIDDLE, -MIDDLE:MIDDLE].astype(np.float64)
NEVER, ALWAYS = 1e9, 0.0
DISC = at(0.3, -0.2, radius=2.5, index=1.0, ratio=0.4, angle=0.7)


def rendered(source: Source, psf: PSF, flux: float = 1000.0, bright: float = NEVER) -> Image:
    return image_model.to_light([source], [flux], bright).rendered(psf)


def centroid(image: Image) -> tuple[float, float]:
    total = float(image.sum())
    return float((image * COLUMNS).sum()) / total, float((image * ROWS).sum()) / total


@pytest.mark.parametrize("fwhm", [1.9, 2.1, 3.5, 6.0])
@pytest.mark.parametrize("ellipticity", [(0.0, 0.0), (0.08, -0.05)])
def test_a_psf_has_unit_flux(fwhm: float, ellipticity: tuple[float, float]) -> None:
    psf = PSF(fwhm=fwhm, ellipticity=ellipticity)
    assert psf.at(COLUMNS, ROWS).sum() == pytest.approx(1.0, abs=0.015)
    assert psf.transform()[0, 0] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("fwhm", [2.0, 3.5, 6.0])
def test_psf_has_the_given_width(fwhm: float) -> None:
    psf = PSF(fwhm=fwhm)
    peak, half = psf.at(np.array([0.0, fwhm / 2]), np.zeros(2))
    assert half / peak == pytest.approx(0.5, abs=1e-12)
    image, radii = rendered(at(), psf).ravel(), np.hypot(ROWS, COLUMNS).ravel()
    by_height = np.argsort(image)
    measured = 2 * np.interp(image.max() / 2, image[by_height], radii[by_height])
    assert measured == pytest.approx(fwhm, rel=0.03)


@pytest.mark.parametrize(
    "source",
    [at(4.3, -7.8), DISC, at(radius=3.0, index=4.0), at(radius=0.5, index=0.7), at(trail=(3, -5))],
    ids=["star", "disc", "bulge", "dwarf", "trail"],
)
@pytest.mark.parametrize("bright", [NEVER, ALWAYS])
def test_flux_is_conserved(source: Source, bright: float) -> None:
    image = rendered(source, PSF(fwhm=2.5, ellipticity=(0.03, 0.01)), bright=bright)
    assert image.sum() == pytest.approx(1000.0, rel=3e-3)


@pytest.mark.parametrize("x", [0.0, 0.37, -11.6])
def test_stars_are_equal_by_both_methods(x: float) -> None:
    psf = PSF(fwhm=4.0, ellipticity=(0.05, 0.0))
    faint, bright = (rendered(at(x, 5.2), psf, bright=limit) for limit in (NEVER, ALWAYS))
    assert np.abs(faint - bright).max() < 4e-3 * bright.max()


def test_only_stars_drawn_in_fourier_space_ring() -> None:
    # This is why bright stars are drawn one by one: no pixel may be below the sky.
    psf = PSF(fwhm=1.9)
    ringing, clean = (rendered(at(0.5, 0.5), psf, bright=limit) for limit in (NEVER, ALWAYS))
    assert clean.min() >= 0.0
    assert ringing.min() < -1e-4 * clean.max()


@pytest.mark.parametrize("index", [0.7, 1.0, 2.5])
@pytest.mark.parametrize("angle", [0.0, 0.7, 2.4])
def test_galaxies_agree_with_galsim(index: float, angle: float) -> None:
    source = at(0.3, -1.4, radius=2.5, index=index, ratio=0.4, angle=angle)
    profile = galsim.Convolve(
        galsim.Sersic(n=index, half_light_radius=2.5, flux=1000.0).shear(
            q=0.4, beta=angle * galsim.radians
        ),
        galsim.Moffat(beta=3.0, fwhm=2.5),
    )
    whole = galsim.ImageD(GRID, GRID, scale=1.0)
    middle = galsim.PositionD(MIDDLE + 1 + 0.3, MIDDLE + 1 - 1.4)
    profile.drawImage(whole, method="no_pixel", center=middle)
    image = rendered(source, PSF(fwhm=2.5))
    assert np.abs(image - whole.array).max() < 0.01 * image.max()


def test_a_trail_is_as_long_as_the_motion_and_lies_along_it() -> None:
    psf, trail = PSF(fwhm=2.0), (6.0, 8.0)
    moving, still = (rendered(one, psf) for one in (at(trail=trail), at()))
    along, across = 0.6 * COLUMNS + 0.8 * ROWS, 0.8 * COLUMNS - 0.6 * ROWS

    def spread(image: Image, axis: Image) -> float:
        return float((image * axis**2)[np.hypot(ROWS, COLUMNS) < 12].sum() / image.sum())

    # The variance of a uniform stretch of ten pixels.
    assert spread(moving, along) - spread(still, along) == pytest.approx(100 / 12, rel=0.1)
    assert spread(moving, across) == pytest.approx(spread(still, across), rel=0.1)


def test_a_whole_shift_moves_pixels_and_a_part_of_one_the_centroid() -> None:
    image = rendered(at(), PSF(fwhm=4.0))
    moved = image_model.to_image(
        image_model.to_spectrum(image) * image_model.shift_phase(3.0, -2.0)
    )
    np.testing.assert_allclose(moved, np.roll(image, (-2, 3), (0, 1)), atol=1e-9)
    x, y = centroid(
        image_model.to_image(image_model.to_spectrum(image) * image_model.shift_phase(0.3, -0.4))
    )
    assert (x, y) == pytest.approx((0.3, -0.4), abs=0.02)


@pytest.mark.parametrize("bright", [NEVER, 500.0, ALWAYS])
def test_light_adds_up_scales_and_moves(bright: float) -> None:
    psf = PSF(fwhm=3.0)
    both = image_model.to_light([at(), DISC], [1000.0, 300.0], bright)
    one, other = (
        image_model.to_light([at()], [1000.0], bright),
        image_model.to_light([DISC], [300.0], bright),
    )
    whole = both.rendered(psf)
    np.testing.assert_allclose((one + other).rendered(psf), whole, atol=1e-9)
    np.testing.assert_allclose(both.scaled(2.5).rendered(psf), 2.5 * whole, atol=1e-9)
    moved = np.roll(whole, (1, 4), (0, 1))
    np.testing.assert_allclose(both.moved(4.0, 1.0).rendered(psf), moved, atol=1e-3)


def test_an_empty_field_is_dark() -> None:
    assert not image_model.to_light([], [], NEVER).rendered(PSF(fwhm=2.0)).any()


def test_transforms_are_inverse() -> None:
    image = np.random.default_rng(0).normal(size=(GRID, GRID))
    np.testing.assert_allclose(
        image_model.to_image(image_model.to_spectrum(image)), image, atol=1e-12
    )


@pytest.mark.parametrize("place", [-53.0, -48.6, -47.0, 46.9, 48.4, 53.0])
def test_bright_stars_at_the_border_of_the_grid(place: float) -> None:
    image = rendered(at(place, 0.0), PSF(fwhm=3.0), bright=ALWAYS)
    assert image.shape == (GRID, GRID)
    assert np.isfinite(image).all()


def correlation(noise: Image, rows: int, columns: int) -> float:
    return float(np.mean(noise * np.roll(noise, (rows, columns), (0, 1))) / np.mean(noise**2))


def test_pixels_correlate_as_asked_and_keep_their_variance() -> None:
    white = np.random.default_rng(1).normal(size=(40, GRID, GRID))
    noise = np.array([image_model.correlate_pixels(one, (0.2, -0.12), (-0.1,)) for one in white])
    assert np.var(noise) == pytest.approx(1.0, rel=0.02)
    for (rows, columns), expected in {
        (0, 1): 0.2,
        (0, 2): -0.12,
        (0, 3): 0.0,
        (1, 0): -0.1,
        (2, 0): 0.0,
        (1, 1): -0.02,
    }.items():
        found = np.mean([correlation(one, rows, columns) for one in noise])
        assert found == pytest.approx(expected, abs=0.01)


def test_correlations_that_no_noise_has_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"no noise has the correlations \(0\.6,\)"):
        image_model.correlate_pixels(np.zeros((GRID, GRID)), (0.6,), ())

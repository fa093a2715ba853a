from __future__ import annotations

import numpy as np
import pytest

from stampapp.simulation import image_model
from stampapp.simulation.atlas import CAMERA as ATLAS
from stampapp.simulation.exposures import Exposure
from stampapp.simulation.image_model import Image
from stampapp.simulation.instruments import Camera
from stampapp.simulation.subtraction import subtract
from stampapp.simulation.ztf import CAMERA as ZTF
from tests.support.ideal_exposures import Field, at, exposure

CAMERAS = pytest.mark.parametrize("camera", [ZTF, ATLAS], ids=["ZTF", "ATLAS"])
# Flux in DN.
STAR = 1e5
# Away from the edges, where light wraps around.
INSIDE = (slice(8, -8), slice(8, -8))


def correlation(image: Image, rows: int, columns: int) -> float:
    """Return the correlation of pixels at an offset of rows and columns."""
    moved = np.roll(image, (rows, columns), (0, 1))
    return float((image * moved).mean() / image.var())


def empty(camera: Camera, count: int = 4) -> list[Image]:
    rng, seen = np.random.default_rng(3), exposure(camera)
    return [Field().difference(rng, seen).pixels for _ in range(count)]


@CAMERAS
def test_noise_of_an_empty_field(camera: Camera) -> None:
    seen = exposure(camera)
    promised = Field().difference(np.random.default_rng(0), seen).noise
    assert promised == pytest.approx(np.hypot(seen.noise, seen.template_noise))
    found = np.std(empty(camera))
    # Matching the PSFs changes the noise of the template a little.
    assert found == pytest.approx(promised, rel=0.02 if camera is ZTF else 0.1)


def test_zogy_leaves_the_noise_white() -> None:
    images = empty(ZTF)
    for rows, columns in ((0, 1), (1, 0), (1, 1), (0, 2)):
        assert abs(np.mean([correlation(one, rows, columns) for one in images])) < 0.02


@CAMERAS
def test_constant_sources_subtract_to_the_noise(camera: Camera) -> None:
    rng, seen = np.random.default_rng(4), exposure(camera)
    places = rng.uniform(-40, 40, (30, 2))
    stars = [at(float(x), float(y)) for x, y in places]
    galaxies = [at(5.0, 5.0, radius=2.0, index=1.5), at(-12.0, 9.0, radius=1.0, index=1.0)]
    static = Field(static=stars + galaxies, fluxes=[30 * seen.point_noise] * 32)
    difference = static.difference(rng, seen)
    assert difference.pixels[INSIDE].std() < 1.25 * difference.noise


def residual(seen: Exposure) -> Image:
    """Return the residual of a star, without noise."""
    light = image_model.to_light([at()], [STAR], 0.0)
    template = light.moved(*seen.shift).rendered(seen.template_psf)
    return subtract(light.rendered(seen.psf), template, seen).pixels


@pytest.mark.parametrize(("camera", "share"), [(ZTF, 0.002), (ATLAS, 0.04)], ids=["ZTF", "ATLAS"])
@pytest.mark.parametrize("fwhm", [(2.1, 2.2), (2.5, 2.0), (4.0, 3.5)])
def test_residual_of_a_star_without_errors_is_small(
    camera: Camera, share: float, fwhm: tuple[float, float]
) -> None:
    seen = exposure(camera, fwhm=fwhm[0], template_fwhm=fwhm[1])
    psf = image_model.to_image(seen.psf.transform())
    left = float((residual(seen) * psf).sum() / (psf**2).sum())
    assert abs(left) < share * STAR


@CAMERAS
def test_misregistration_leaves_a_dipole_along_the_shift(camera: Camera) -> None:
    image = residual(exposure(camera, fwhm=4.0, template_fwhm=3.5, shift=(0.4, 0.0)))
    middle = image_model.GRID // 2
    row, column = image[middle], image[:, middle]
    assert row[middle - 2] > 0 > row[middle + 2]

    def odd(values: Image) -> float:
        return float(np.abs(values[1:] - values[:0:-1]).max())

    assert odd(row) > 20 * odd(column)


@CAMERAS
def test_too_wide_psf_leaves_a_ring(camera: Camera) -> None:
    image = residual(exposure(camera, fwhm=4.0, template_fwhm=3.5, psf_error=0.06))
    middle = image_model.GRID // 2
    ring = image[middle, middle + 4]
    assert image[middle, middle] > 0 > ring

from __future__ import annotations

import numpy as np
import pytest

from stampapp.simulation import lsst_detections
from stampapp.simulation.image_model import GRID, PSF, Image
from stampapp.simulation.lsst_images import CalibratedImages

NOISE = 40.0
PSF_NOW = PSF(fwhm=5.0, beta=4.8)
ROWS, COLUMNS = np.mgrid[-GRID // 2 : GRID // 2, -GRID // 2 : GRID // 2].astype(np.float64)


def star(flux: float, x: float = 0.0, y: float = 0.0) -> Image:
    return flux * PSF_NOW.at(COLUMNS - x, ROWS - y)


def images(now: Image, before: Image, seed: int = 1) -> CalibratedImages:
    rng = np.random.default_rng(seed)
    science = now + NOISE * rng.normal(size=now.shape)
    variance = np.full(now.shape, NOISE**2) + now / 1.5
    return CalibratedImages(
        science=science,
        template=before,
        difference=science - before,
        science_variance=variance,
        template_variance=np.full(now.shape, 1.0),
        psf=PSF_NOW,
        template_psf=PSF_NOW,
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_a_new_or_lost_star_is_found_where_it_is(sign: int) -> None:
    seen = (star(20000.0, 0.4, -1.2), star(0.0))
    found = lsst_detections.detect(images(*(seen if sign > 0 else seen[::-1])))
    assert found is not None
    assert (found.x, found.y) == pytest.approx((0.4, -1.2), abs=0.25)
    assert found.psf_flux.value == pytest.approx(sign * 20000.0, rel=0.05)
    assert found.snr == pytest.approx(20000.0 / found.psf_flux.error, rel=0.1)
    assert found.negative == (sign < 0)
    assert found.dipole is None
    assert found.moments is not None
    assert found.aperture_flux[0] == pytest.approx(sign * 20000.0, abs=4 * found.aperture_flux[1])


def test_the_error_is_that_of_noise_and_psf() -> None:
    found = images(star(0.0), star(0.0)).difference_flux(0.0, 0.0)
    share = star(1.0)
    assert found.error == pytest.approx(NOISE / np.sqrt((share**2).sum()), rel=0.02)
    assert abs(found.value) < 5 * found.error
    # As many as the pixels of the fit.
    assert found.chi2 == pytest.approx(41**2, rel=0.15)


def test_flux_is_unbiased() -> None:
    fluxes = [
        images(star(3000.0), star(0.0), seed).difference_flux(0.0, 0.0).value for seed in range(40)
    ]
    assert np.mean(fluxes) == pytest.approx(3000.0, abs=200.0)


def test_nothing_is_found_on_an_empty_sky() -> None:
    assert lsst_detections.detect(images(star(0.0), star(0.0))) is None


def test_a_moved_star_is_a_dipole_of_its_length_and_flux() -> None:
    found = lsst_detections.detect(images(star(150000.0, 0.3), star(150000.0, -0.3)))
    assert found is not None
    assert found.dipole is not None
    assert not found.negative
    assert found.dipole.length == pytest.approx(0.6, abs=0.15)
    assert found.dipole.x == pytest.approx(0.6, abs=0.15)
    assert found.dipole.flux == pytest.approx(150000.0, rel=0.05)
    # The middle of the dipole is where the star is.
    assert (found.x, found.y) == pytest.approx((0.0, 0.0), abs=1.0)


def test_the_noise_of_a_bright_star_hides_a_faint_change() -> None:
    empty = lsst_detections.detect(images(star(3000.0), star(0.0)))
    hidden = lsst_detections.detect(images(star(1003000.0), star(1000000.0)))
    assert empty is not None
    assert hidden is None or hidden.snr < empty.snr


def test_brighter_sources_have_larger_footprints() -> None:
    boxes = []
    for flux in (4000.0, 40000.0, 400000.0):
        found = lsst_detections.detect(images(star(flux), star(0.0)))
        assert found is not None
        boxes.append(found.box)
    assert boxes == sorted(boxes)
    assert boxes[0] >= 10

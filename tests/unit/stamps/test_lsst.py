from __future__ import annotations

import gzip

import numpy as np
import pytest

from stampapp.errors import BadAlert
from stampapp.stamps.fits_header import Header
from stampapp.stamps.lsst import (
    MAX_SIDE,
    MIN_SIDE,
    NoiseAndPsf,
    orientation,
    read_cutout,
    read_noise_and_psf,
    source_place,
)
from stampapp.stamps.orientation import UNKNOWN, orient
from tests.support.bad_alerts import cause
from tests.support.lsst_stamps import ANGLE, DEC, RA, SCALE, Cards, cards, cutout, matrix

AXES = [(1, 1), (1, 2), (2, 1), (2, 2)]


def header(given: Cards, rows: int = 30, columns: int = 40) -> Header:
    return read_cutout(cutout(np.zeros((rows, columns)), given), "science").header


def without(*keys: str) -> dict[str, float]:
    return {key: value for key, value in cards(10.25, 20.5).items() if key not in keys}


@pytest.mark.parametrize("shape", [(MIN_SIDE, MAX_SIDE), (30, 31), (48, 35)])
def test_stamps_may_have_any_size(shape: tuple[int, int]) -> None:
    pixels = np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape)
    assert np.array_equal(read_cutout(cutout(pixels), "science").pixels, pixels)


@pytest.mark.parametrize("shape", [(MIN_SIDE - 1, 30), (30, MAX_SIDE + 1)])
def test_a_side_that_is_too_short_or_long_is_the_alerts_fault(shape: tuple[int, int]) -> None:
    with pytest.raises(BadAlert, match=f"the science stamp is {shape[0]} x {shape[1]} pixels, 11"):
        read_cutout(cutout(np.zeros(shape)), "science")


def test_the_source_is_where_the_header_says() -> None:
    assert source_place(header(cards(10.25, 20.5)), RA, DEC) == pytest.approx((10.25, 20.5))


def test_the_source_is_found_by_the_matrix_where_the_header_gives_another_position() -> None:
    east, north = matrix() @ [3.0, -2.0]
    ra, dec = RA + east / np.cos(np.radians(DEC)), DEC + north
    found = source_place(header(cards(10.25, 20.5)), ra, dec)
    assert found == pytest.approx((8.25, 23.5), abs=1e-3)


def test_right_ascensions_on_both_sides_of_zero_are_near() -> None:
    given = {**cards(10.0, 20.0), "CRVAL1": 359.9999}
    row, column = source_place(header(given), 0.0001, DEC)
    assert np.hypot(row - 10, column - 20) == pytest.approx(3.6, abs=0.01)


def test_without_a_matrix_the_source_is_at_the_reference_pixel() -> None:
    assert source_place(header(without("PC1_1")), 10.0, 10.0) == pytest.approx((10.25, 20.5))
    assert source_place(header(without("CRVAL1")), 10.0, 10.0) == pytest.approx((10.25, 20.5))


def test_without_a_reference_pixel_the_source_is_in_the_middle() -> None:
    assert source_place(header(without("CRPIX1", "CRPIX2")), RA, DEC) == (14.5, 19.5)
    assert source_place(header({}), RA, DEC) == (14.5, 19.5)


@pytest.mark.parametrize("place", [(-0.6, 10.0), (29.6, 10.0), (10.0, 39.6), (10.0, 1e300)])
def test_a_source_outside_the_stamp_is_the_alerts_fault(place: tuple[float, float]) -> None:
    assert cause(source_place, header(cards(*place)), RA, DEC) == "stamp-wcs"


@pytest.mark.parametrize("angle", [0.0, ANGLE, 49.9, 100.0, 188.8, 300.0])
def test_the_matrix_and_the_angle_turn_a_stamp_alike(angle: float) -> None:
    by_matrix = orientation(header({**cards(10, 10, angle), "ROTPA": 77.0}))
    by_angle = orientation(header({"ROTPA": angle}))
    assert by_matrix.north
    assert by_matrix.north[1] > 0.7
    assert not by_matrix.mirrored
    assert by_matrix.turns == by_angle.turns
    assert by_matrix.scale == pytest.approx(0.2)
    for found in (by_angle, orient(matrix(angle))):
        assert found.north == pytest.approx(by_matrix.north)
        assert found.east == pytest.approx(by_matrix.east)


def test_steps_may_be_in_another_card_than_the_angles() -> None:
    turned = {**cards(10, 10), **{f"PC{i}_{j}": matrix()[i - 1, j - 1] / SCALE for i, j in AXES}}
    by_steps = orientation(header({**turned, "CDELT1": SCALE, "CDELT2": SCALE}))
    plain = orientation(header(cards(10, 10)))
    assert by_steps.turns == plain.turns
    assert by_steps.north == pytest.approx(plain.north)
    assert by_steps.scale == pytest.approx(plain.scale)


def test_without_matrix_and_angle_north_is_unknown() -> None:
    assert orientation(header(without("PC2_2", "ROTPA"))) == UNKNOWN


PIXELS = np.arange(30.0 * 31).reshape(30, 31)
WHOLE = cutout(PIXELS, psf=49)
UNCERT = WHOLE.index(b"XTENSION")
PSF = WHOLE.index(b"XTENSION", UNCERT + 1)


def others(data: bytes) -> NoiseAndPsf:
    return read_noise_and_psf(data, read_cutout(data, "science"), "science")


@pytest.mark.parametrize("data", [WHOLE, gzip.compress(WHOLE)])
def test_the_variance_and_the_psf_follow_the_image(data: bytes) -> None:
    found = others(data)
    assert found.variance is not None
    assert found.variance == pytest.approx(1 + PIXELS / 10)
    assert found.psf is not None
    assert found.psf.shape == (49, 49)
    assert found.psf[24, 24] == found.psf.max()


def test_a_standard_deviation_is_squared() -> None:
    named = WHOLE.replace(b"'VarianceUncertainty'", b"'StdDevUncertainty'  ")
    assert others(named).variance == pytest.approx((1 + PIXELS / 10) ** 2)


@pytest.mark.parametrize(
    ("data", "has"),
    [
        (WHOLE[:UNCERT], (False, False)),
        (WHOLE[: UNCERT + 100], (False, False)),
        (WHOLE[: PSF - 2880], (False, False)),
        (WHOLE[:PSF], (True, False)),
        (WHOLE[: PSF + 2880 + 49 * 49 * 8 - 1], (True, False)),
        (WHOLE[: PSF + 2880 + 49 * 49 * 8], (True, True)),
        (WHOLE.replace(b"UNCERT", b"UNSURE"), (False, True)),
        (WHOLE[:UNCERT] + WHOLE[UNCERT:].replace(b"NAXIS1  =", b"NAXIS9  ="), (False, False)),
        (WHOLE[:UNCERT] + WHOLE[PSF:], (False, True)),
        (WHOLE[:UNCERT] + WHOLE[PSF:].replace(b"PSFIMAGE", b"UNCERT  "), (False, False)),
    ],
    ids=range(10),
)
def test_what_is_damaged_or_missing_is_none(data: bytes, has: tuple[bool, bool]) -> None:
    found = others(data)
    assert (found.variance is not None, found.psf is not None) == has


def test_a_file_of_many_images_is_not_read_to_its_end() -> None:
    image = WHOLE[UNCERT:PSF]
    assert others(WHOLE[:UNCERT] + image * 6 + WHOLE[PSF:]).psf is not None
    assert others(WHOLE[:UNCERT] + image * 7 + WHOLE[PSF:]).psf is None

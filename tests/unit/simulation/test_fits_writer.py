from __future__ import annotations

import gzip

import numpy as np
import pytest
from astropy.io import fits

from stampapp.simulation import fits_writer
from stampapp.simulation.fits_writer import Cards
from stampapp.simulation.image_model import Image
from stampapp.stamps import fits_image

CARDS: Cards = {"FILTER": "o", "AIRMASS": 1.2345678901, "COUNT": -7, "TINY": 1.5e-12}


@pytest.fixture
def pixels() -> Image:
    image = np.random.default_rng(0).normal(200.0, 30.0, (61, 63))
    image[:, :4] = np.nan
    return image


def opened(data: bytes) -> fits.PrimaryHDU:
    plain = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    with fits.HDUList.fromstring(plain) as file:
        file.verify("exception")
        return file[0].copy()


@pytest.mark.parametrize("compressed", [True, False])
def test_images_are_read_by_the_worker_and_by_astropy(pixels: Image, compressed: bool) -> None:
    data = fits_writer.write_fits(pixels, CARDS, compressed=compressed)
    assert data.startswith(b"\x1f\x8b" if compressed else b"SIMPLE  =")
    expected = pixels.astype(np.float32)
    np.testing.assert_array_equal(fits_image.read_pixels(data, (61, 63), "science"), expected)
    np.testing.assert_array_equal(opened(data).data, expected)


def test_cards_keep_their_type_and_value(pixels: Image) -> None:
    data = fits_writer.write_fits(pixels, CARDS, compressed=False)
    ours, theirs = fits_image.read_stamp(data, (61, 63), "science").header, opened(data).header
    for name, value in CARDS.items():
        assert theirs[name] == ours.value(name) == value
    assert (theirs["BITPIX"], theirs["NAXIS1"], theirs["NAXIS2"]) == (-32, 63, 61)
    assert len(data) % 2880 == 0


def test_the_same_pixels_give_the_same_bytes(pixels: Image) -> None:
    first, second = (fits_writer.write_fits(pixels, CARDS, compressed=True) for _ in range(2))
    assert first == second

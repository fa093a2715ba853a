from __future__ import annotations

import gzip
import io
import time
import tracemalloc
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampapp.errors import BadAlert
from stampapp.features import images
from stampapp.stamps import fits_image
from tests.support import bad_alerts
from tests.support.alerts import SHAPE, fits, header, sky

PIXELS = sky(7)
PLAIN = fits(PIXELS)
ZIPPED = gzip.compress(PLAIN, mtime=0)


def decode(data: object) -> npt.NDArray[Any]:
    return fits_image.read_pixels(data, SHAPE, "science")


def cause(data: object) -> str:
    return bad_alerts.cause(decode, data)


def declaring(**cards: object) -> bytes:
    """The plain stamp with other cards in its header."""
    return fits(PIXELS, **cards)


@pytest.mark.parametrize(
    "data",
    [
        PLAIN,
        ZIPPED,
        gzip.compress(PLAIN[:5000], mtime=0) + gzip.compress(PLAIN[5000:], mtime=0),
        ZIPPED + b"\0" * 100,
        PLAIN + b"\0" * 2880,
    ],
    ids=["plain", "gzip", "two members", "gzip, padded", "more blocks"],
)
def test_the_pixels_of_a_stamp(data: bytes) -> None:
    np.testing.assert_array_equal(decode(data), PIXELS)


@pytest.mark.parametrize("kind", ["u1", "i2", "i4", "i8", "f4", "f8"])
@pytest.mark.parametrize("scaling", [{}, {"BSCALE": 0.5, "BZERO": 32768.0}, {"BZERO": "1.5D2"}])
def test_every_pixel_type_is_scaled_as_the_standard_says(
    kind: str, scaling: dict[str, object]
) -> None:
    raw = np.arange(63 * 63).reshape(SHAPE) % 200
    factor = float(str(scaling.get("BSCALE", 1.0)))
    zero = float(str(scaling.get("BZERO", 0.0)).replace("D", "E"))
    decoded = decode(fits(raw.astype(kind), **scaling))
    assert decoded.dtype.kind == "f"
    np.testing.assert_array_equal(decoded, raw * factor + zero)


def test_blank_pixels_of_integer_images_are_nan() -> None:
    raw = np.full(SHAPE, 5, "i2")
    raw[3, 4] = -99
    decoded = decode(fits(raw, BLANK=-99, BSCALE=2.0))
    assert np.isnan(decoded[3, 4])
    assert np.count_nonzero(decoded == 10.0) == 63 * 63 - 1


def test_blank_means_nothing_in_an_image_of_floats() -> None:
    np.testing.assert_array_equal(decode(fits(np.full(SHAPE, 5.0), BLANK=5)), 5.0)


def test_rows_and_columns_are_not_confused() -> None:
    wide = np.arange(12, dtype="f4").reshape(3, 4)
    np.testing.assert_array_equal(fits_image.read_pixels(fits(wide), (3, 4), "science"), wide)
    assert bad_alerts.cause(fits_image.read_pixels, fits(wide), (4, 3), "science") == "stamp-shape"


def test_the_first_of_two_cards_counts_and_comments_are_no_values() -> None:
    commented = declaring(NAXIS1="63 / columns, not 1", COMMENT="NAXIS1 = 7")
    np.testing.assert_array_equal(decode(commented), PIXELS)


def test_cards_that_are_not_standard_do_no_harm() -> None:
    odd = declaring(**{"PV1_1": "nan", "HISTORY": "what / ever", "A-B_C": "'it''s END'"})
    np.testing.assert_array_equal(decode(odd), PIXELS)


def test_stamps_with_equal_headers_share_one() -> None:
    first, again = (fits_image.read_stamp(fits(PIXELS + n), SHAPE, "science") for n in range(2))
    assert first.header is again.header
    np.testing.assert_array_equal(again.pixels, PIXELS + 1)
    other = fits_image.read_stamp(declaring(BUNIT="'nJy'"), SHAPE, "science").header
    assert (first.header.value("BUNIT"), other.value("BUNIT")) == (None, "nJy")


def test_every_stamp_has_its_own_header_after_many_others() -> None:
    for number in [*range(20), *range(20)]:
        stamp = fits_image.read_stamp(declaring(NUMBER=number), SHAPE, "science")
        assert stamp.header.value("NUMBER") == number


def test_a_header_of_several_blocks() -> None:
    long = declaring(**{f"KEY{number}": number for number in range(200)})
    assert len(long) - len(PLAIN) > 4 * 2880
    np.testing.assert_array_equal(decode(long), PIXELS)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (None, "stamp-missing"),
        (b"", "stamp-missing"),
        ("text", "stamp-missing"),
        (b"GIF89a", "stamp-not-fits"),
        (gzip.compress(b"GIF89a", mtime=0), "stamp-not-fits"),
        (b"SIMPLE  =", "stamp-not-fits"),
        (PLAIN.replace(b"END" + b" " * 77, b"FIN" + b" " * 77), "stamp-not-fits"),
        (PLAIN[:2000], "stamp-not-fits"),
        (header({f"K{n}": n for n in range(36 * 70)} | {"SIMPLE": "T"}), "stamp-not-fits"),
        (declaring(BITPIX=7), "stamp-not-fits"),
        (declaring(BITPIX="nan"), "stamp-not-fits"),
        (declaring(NAXIS=3), "stamp-not-fits"),
        (declaring(NAXIS=0), "stamp-not-fits"),
        (declaring(NAXIS1="wide"), "stamp-not-fits"),
        (declaring(NAXIS1="Infinity"), "stamp-not-fits"),
        (declaring(BSCALE="-Infinity"), "stamp-not-fits"),
        (header({"SIMPLE": "T", "BITPIX": -32, "NAXIS": 2, "NAXIS1": 63}), "stamp-not-fits"),
        (declaring(NAXIS1=10**9, NAXIS2=10**9), "stamp-shape"),
        (declaring(NAXIS1="1E300"), "stamp-shape"),
        (declaring(NAXIS1=-63, NAXIS2=-63), "stamp-shape"),
        (declaring(NAXIS2=62), "stamp-shape"),
        (declaring(BITPIX=-64), "stamp-damaged"),
        (PLAIN[: 2880 + 63 * 63 * 4 - 1], "stamp-damaged"),
        (ZIPPED[:-1], "stamp-damaged"),
        (ZIPPED[: len(ZIPPED) // 2], "stamp-damaged"),
        (ZIPPED[:3], "stamp-damaged"),
        (ZIPPED[:-8] + bytes(8), "stamp-damaged"),
        (ZIPPED + ZIPPED[:40], "stamp-damaged"),
        (b"\x1f\x8b" + bytes(30), "stamp-damaged"),
    ],
)
def test_each_damage_has_its_cause(data: object, expected: str) -> None:
    assert cause(data) == expected


def test_the_fault_names_the_stamp_and_what_was_expected() -> None:
    with pytest.raises(BadAlert, match="difference stamp is 63 x 63 pixels, 61 x 61 pixels is exp"):
        fits_image.read_pixels(PLAIN, (61, 61), "difference")
    with pytest.raises(BadAlert, match="there is no template stamp"):
        fits_image.read_pixels(None, SHAPE, "template")


def gigabyte() -> bytes:
    """A gzip member of about a megabyte that inflates to 1 GiB of zeros after a FITS header."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1) as zipped:
        zipped.write(header({"SIMPLE": "T"}))
        zeros = bytes(2**24)
        for _ in range(64):
            zipped.write(zeros)
    return buffer.getvalue()


def test_a_bomb_is_refused_quickly_and_with_little_memory() -> None:
    bomb = gigabyte()
    tracemalloc.start()
    begin = time.thread_time()
    try:
        assert cause(bomb) == "stamp-too-large"
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.thread_time() - begin < 0.5
    assert peak < 16 * 2**20


def test_a_bomb_in_many_members_is_refused_too() -> None:
    assert cause(gzip.compress(PLAIN) + gzip.compress(bytes(2**19)) * 3) == "stamp-too-large"


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from([PLAIN, ZIPPED]),
    st.lists(st.tuples(st.integers(0, 2**31), st.integers(0, 255)), min_size=1, max_size=5),
    st.integers(0, 2**31),
)
def test_mutations_give_pixels_or_a_bad_alert(
    whole: bytes, damage: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(whole)
    for place, value in damage:
        # The header is where damage is interesting.
        data[place % 480] = value
    mutant = bytes(data[: cut % (4 * len(data)) + 1])
    found = bad_alerts.attempt(decode, mutant)
    assert isinstance(found, BadAlert) or (found.shape == SHAPE and found.dtype.kind == "f")


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "BSCALE", "BZERO", "BLANK"]),
    st.one_of(st.integers(), st.floats(), st.text(max_size=20)),
)
def test_any_value_in_a_card_gives_silent_pixels_or_a_bad_alert(key: str, value: object) -> None:
    text = str(value).encode("ascii", "replace").decode()
    found = bad_alerts.attempt(decode, fits(np.full(SHAPE, 1000, "i2"), **{key: text}))
    if not isinstance(found, BadAlert):
        assert images.normalise_stamps([[images.crop_centre(found, 21)]]).shape == (1, 21, 21, 1)


@pytest.mark.parametrize(("shape", "first"), [((63, 63), 21), ((61, 61), 20)])
def test_the_crop_is_the_centre_in_native_floats(shape: tuple[int, int], first: int) -> None:
    rows, columns = np.indices(shape)
    whole = (rows * 100 + columns).astype(">f8")
    cropped = images.crop_centre(whole, 21)
    assert cropped.dtype == np.float32
    assert cropped.dtype.isnative
    np.testing.assert_array_equal(cropped, whole[first : first + 21, first : first + 21])

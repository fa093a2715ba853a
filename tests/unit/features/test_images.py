from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from stampapp.features import images

Floats = npt.NDArray[np.float32]
NAN, INF = np.nan, np.inf


def channel(values: list[float]) -> Floats:
    """One alert with one channel of two rows."""
    return np.array(values, np.float32).reshape(2, -1)


def normalised(*values: float) -> list[float]:
    flat: list[float] = images.normalise_stamps([[channel(list(values))]]).ravel().tolist()
    return flat


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1.0, 2.0, 3.0, 5.0), [0.0, 0.25, 0.5, 1.0]),
        ((-4.0, 0.0, 4.0, 4.0), [0.0, 0.5, 1.0, 1.0]),
        ((NAN, 2.0, 4.0, 3.0), [0.0, 0.0, 1.0, 0.5]),
        ((7.0, 7.0, 7.0, 7.0), [0.0, 0.0, 0.0, 0.0]),
        ((7.0, NAN, NAN, 7.0), [0.0, 0.0, 0.0, 0.0]),
        ((NAN, NAN, NAN, NAN), [0.0, 0.0, 0.0, 0.0]),
        ((0.0, 0.0, 0.0, 0.0), [0.0, 0.0, 0.0, 0.0]),
        ((1.0, 2.0, 3.0, INF), [0.0, 0.0, 0.0, 0.0]),
        ((1.0, 2.0, 3.0, -INF), [0.0, 0.0, 0.0, 0.0]),
        ((INF, -INF, NAN, 0.0), [0.0, 0.0, 0.0, 0.0]),
        ((3e38, -3e38, 0.0, 0.0), [0.0, 0.0, 0.0, 0.0]),
    ],
)
def test_a_channel(values: tuple[float, ...], expected: list[float]) -> None:
    """Warnings are errors here: none of these may warn."""
    assert normalised(*values) == expected


def test_each_channel_of_each_alert_has_a_scale_of_its_own() -> None:
    alerts = [
        [channel([0, 1, 2, 4]), channel([10, 20, 30, 50])],
        [channel([5, 5, 5, 5]), channel([-1, 1, 0, 1])],
    ]
    found = images.normalise_stamps(alerts)
    assert found.shape == (2, 2, 2, 2)
    np.testing.assert_array_equal(found[0, :, :, 0], [[0, 0.25], [0.5, 1]])
    np.testing.assert_array_equal(found[0, :, :, 1], [[0, 0.25], [0.5, 1]])
    np.testing.assert_array_equal(found[1, :, :, 0], np.zeros((2, 2)))
    np.testing.assert_array_equal(found[1, :, :, 1], [[0, 1], [0.5, 1]])


def test_what_the_network_gets_is_contiguous_and_the_stamps_stay_as_they_are() -> None:
    before = channel([1, 2, 3, 4])
    found = images.normalise_stamps([[before, before, before]])
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(before, channel([1, 2, 3, 4]))


def plainly(pixels: Floats) -> Floats:
    """The description of the design, pixel by pixel."""
    real = pixels[~np.isnan(pixels)].astype(np.float32)
    if not real.size or real.min() == real.max():
        return np.zeros_like(pixels)
    shifted: Floats = pixels - real.min()
    scaled: Floats = np.nan_to_num(shifted / np.nanmax(shifted)).astype(np.float32)
    return scaled


ordinary = st.one_of(st.floats(-1e6, 1e6, width=32), st.just(NAN))


@settings(max_examples=200, deadline=None)
@given(hnp.arrays(np.float32, (3, 5, 5), elements=ordinary))
def test_ordinary_pixels_agree_with_the_plain_description(pixels: Floats) -> None:
    found = images.normalise_stamps([list(pixels)])
    expected = np.stack([plainly(one) for one in pixels], axis=-1)[np.newaxis]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@settings(max_examples=200, deadline=None)
@given(hnp.arrays(np.float32, (2, 4, 4), elements=st.floats(width=32)))
def test_any_pixels_end_between_zero_and_one(pixels: Floats) -> None:
    found = images.normalise_stamps([list(pixels)])
    assert ((found >= 0.0) & (found <= 1.0)).all()


@pytest.mark.parametrize("kind", [">f4", "<f4", "f8"])
@pytest.mark.parametrize("count", [1, 2, 3, 10, 61])
def test_the_median_is_that_of_numpy(kind: str, count: int) -> None:
    values = np.random.default_rng(count).normal(20.0, 5.0, (count, 3)).astype(kind)
    values[0, 0] = NAN
    assert images.median(values) == float(np.nanmedian(values))
    known = values[1:]
    if known.size:
        assert images.median(known) == float(np.median(known))


def test_the_median_of_infinite_values_is_infinite_and_that_of_no_values_0() -> None:
    assert images.median(np.array([INF, INF, 1.0])) == INF
    assert images.median(np.array([NAN, NAN])) == 0.0
    assert images.median(np.array([])) == 0.0

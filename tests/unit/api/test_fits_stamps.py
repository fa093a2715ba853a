from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stampapp.api.alert_source import read_alerts
from stampapp.api.fits_stamps import FitsStamps
from stampapp.errors import BadAlert
from tests.support.alerts import fits, sky, stamp


def test_pixels_are_those_of_the_file_in_the_order_of_this_machine() -> None:
    pixels = np.arange(12, dtype=np.float32).reshape(3, 4)
    found = FitsStamps({"science": fits(pixels, BUNIT="'DN'")})["science"]
    assert found.pixels.tolist() == pixels.tolist()
    assert found.pixels.dtype == np.float32
    assert found.pixels.dtype.isnative
    assert found.header["BUNIT"] == "DN"
    assert (found.header["NAXIS2"], found.header["NAXIS1"]) == found.pixels.shape
    assert repr(found) == "<FitsStamp of 3 x 4 pixels, float32>"


def test_scaled_whole_numbers_have_their_values_and_blanks_are_nan() -> None:
    raw = np.array([[1, -9], [3, 4]], dtype=np.int16)
    found = FitsStamps({"science": fits(raw, BSCALE=0.5, BZERO=10, BLANK=-9)})["science"]
    assert np.array_equal(found.pixels, [[10.5, np.nan], [11.5, 12.0]], equal_nan=True)


def test_pixels_may_be_changed_without_changing_the_alert() -> None:
    stamps = FitsStamps({"science": fits(sky())})
    stamps["science"].pixels[:] = 0.0
    assert stamps["science"].pixels.any()


def test_a_stamp_that_the_alert_does_not_have_is_not_listed() -> None:
    stamps = FitsStamps({"science": stamp(), "template": None})
    assert list(stamps) == ["science"]
    assert len(stamps) == 1
    assert "template" not in stamps
    assert repr(stamps) == "<FitsStamps: science>"
    with pytest.raises(KeyError, match="no stamp 'template' in this alert, which has science"):
        stamps["template"]


def test_a_damaged_stamp_says_so_when_it_is_read() -> None:
    stamps = FitsStamps({"science": stamp()[:-20], "difference": stamp()})
    with pytest.raises(BadAlert, match="science stamp is cut short"):
        stamps["science"]
    assert stamps["difference"].pixels.shape == (63, 63)


@pytest.mark.parametrize("name", ["ztf_sorting_hat.avro", "ztf_raw", "atlas_raw", "lsst_raw"])
def test_every_header_of_a_real_stamp_is_read_whole(name: str, shared_data: Path) -> None:
    for alert in read_alerts(shared_data / name):
        for found in alert.stamps.values():
            header = found.header
            assert header["SIMPLE"] is True
            assert found.pixels.shape == (header["NAXIS2"], header["NAXIS1"])
            assert all(card.keyword or not card.value for card in header.cards)

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from stampapp.alerts.surveys import Survey
from stampapp.errors import BadAlert
from stampapp.stamps import stamp_image, stretch
from tests.support.alerts import alert, fits, sky
from tests.support.lsst_stamps import cards, cutout, lsst_alert


def test_a_stamp_is_a_png_of_its_own_size() -> None:
    drawn = stamp_image.draw_stamp(alert(stamps={"science": fits(sky())}), "science")
    picture = Image.open(io.BytesIO(drawn.png()))
    assert (picture.format, picture.size, picture.mode) == ("PNG", (63, 63), "RGB")
    assert np.array_equal(np.asarray(picture), drawn.colours)


def test_the_brightest_is_white_and_the_first_row_lies_where_the_survey_has_it() -> None:
    for survey, row in ((Survey.ZTF, 0), (Survey.ATLAS, 62)):
        pixels = np.random.default_rng(1).normal(0, 1, (63, 63)).astype(np.float32)
        pixels[0:3, 0:3] = 1000
        one = alert(stamps={"science": fits(pixels)}, survey=survey)
        drawn = stamp_image.draw_stamp(one, "science")
        assert drawn.colours[row, 0].tolist() == [255, 255, 255]
        assert drawn.colours[62 - row, 0].max() < 200


@pytest.mark.parametrize(
    ("survey", "isdiffpos", "red"),
    [(Survey.ZTF, 1, True), (Survey.ZTF, -1, False), (Survey.ATLAS, -1, True)],
)
def test_a_difference_is_red_where_it_has_brightened(
    survey: Survey, isdiffpos: int, red: bool
) -> None:
    pixels = np.random.default_rng(1).normal(0, 1, (63, 63)).astype(np.float32)
    pixels[30:33, 30:33] = 1000
    one = alert(stamps={"difference": fits(pixels)}, survey=survey, isdiffpos=isdiffpos)
    r, _, b = stamp_image.draw_stamp(one, "difference").colours[31, 31]
    assert bool(r > b) is red


def test_north_is_up_if_the_header_gives_the_orientation() -> None:
    pixels = sky()
    cards = {"CD1_1": 0.0003, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": -0.0003}
    one = alert(stamps={"science": fits(pixels, **cards)}, survey=Survey.ATLAS)
    drawn = stamp_image.draw_stamp(one, "science")
    assert drawn.orientation.north == pytest.approx((0.0, 1.0))
    assert drawn.orientation.scale == pytest.approx(1.08)
    # North was down and east right: it has been turned by half.
    assert np.array_equal(drawn.pixels, pixels[::-1][::-1, ::-1])


def test_a_stamp_of_lsst_is_turned_and_shows_where_it_has_no_data() -> None:
    pixels = np.random.default_rng(1).normal(0, 40, (30, 35)).astype(np.float32)
    pixels[:, :10] = np.nan
    shown = cutout(pixels, cards(14.0, 20.0, angle=170.0))
    drawn = stamp_image.draw_stamp(lsst_alert({"difference": shown}, isNegative=True), "difference")
    assert drawn.pixels.shape == (30, 35)
    assert drawn.source == (14.0, 14.0)
    assert str(drawn.orientation) == "north 10° left of up"
    assert drawn.pixel_scale == pytest.approx(0.2)
    assert (drawn.colours[:, 25:] == stretch.NO_DATA).all()
    # Rubin's difference is always science minus template.
    assert np.array_equal(drawn.pixels, pixels[:, ::-1], equal_nan=True)


def test_a_stamp_that_cannot_be_read_is_reported() -> None:
    with pytest.raises(BadAlert, match="no template stamp"):
        stamp_image.draw_stamp(alert(stamps={"template": None}), "template")

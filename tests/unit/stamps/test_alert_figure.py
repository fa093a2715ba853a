from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stampapp.alerts import packets
from stampapp.errors import ConfigError
from stampapp.stamps import alert_figure
from stampapp.stamps.alert_figure import SIDE
from tests.support import atlas
from tests.support.alerts import alert, fits, sky, stamps

TOP = 88


def panel(picture: Image.Image, number: int) -> Any:
    """The pixels of a stamp's square, without its frame and its note."""
    left = 16 + number * (SIDE + 16)
    return np.asarray(picture)[TOP : TOP + SIDE, left : left + SIDE][1:-1, 1:-1].astype(int)


def corner(where: tuple[int, int], value: float) -> bytes:
    """A stamp with a bright or dark block in one corner."""
    pixels = np.random.default_rng(2).normal(0.0, 1.0, (63, 63)).astype(np.float32)
    pixels[where[0] : where[0] + 12, where[1] : where[1] + 12] += value
    return fits(pixels)


def test_ztf_has_three_stamps_and_atlas_two() -> None:
    assert alert_figure.draw_figure(alert()).width == 16 + 3 * (SIDE + 16)
    assert alert_figure.draw_figure(atlas.atlas_alert()).width == 16 + 2 * (SIDE + 16)


def test_the_first_row_of_a_stamp_of_ztf_is_the_highest() -> None:
    picture = alert_figure.draw_figure(alert(stamps=stamps() | {"science": corner((0, 0), 900.0)}))
    square = panel(picture, 0)
    assert square[30:40, 30:40].mean() > 200
    assert square[-80:-70, 30:40].mean() < 150


@pytest.mark.parametrize(("sign", "redder"), [(1, True), (-1, False)])
def test_red_is_what_has_brightened_also_where_ztf_sends_the_opposite(
    sign: int, redder: bool
) -> None:
    ztf_alert = alert(isdiffpos=sign, stamps=stamps() | {"difference": corner((0, 50), 500.0)})
    red, _, blue = (
        panel(alert_figure.draw_figure(ztf_alert), 2)[12:30, -30:-12].reshape(-1, 3).mean(axis=0)
    )
    assert bool(red > blue) is redder


def test_north_is_up_in_a_stamp_of_atlas() -> None:
    pixels = sky(0, atlas.SHAPE)
    pixels[:12, :12] = 9000.0
    # Mirrored and upside down: what is lowest and left lies in the north-west.
    cards = {"CD1_1": 5.0e-4, "CD2_2": -5.0e-4}
    science = fits(pixels, **atlas.cards(**cards))
    square = panel(alert_figure.draw_figure(atlas.atlas_alert(science)), 0)
    assert square[20:40, -40:-20].mean() > 200


def test_saturated_pixels_of_atlas_are_not_drawn_as_negative() -> None:
    pixels = sky(1, atlas.SHAPE) - 100
    pixels[20:25, 20:25] = -31415.0
    images = {"science": atlas.stamp(), "difference": fits(pixels, **atlas.cards())}
    square = panel(alert_figure.draw_figure(atlas.atlas_alert(stamps=images)), 1)
    centre = square[150:170, 150:170].reshape(-1, 3).mean(axis=0)
    assert centre[0] > centre[2] + 50


def test_an_incomplete_stamp_is_in_the_middle_of_its_square() -> None:
    science = fits(sky(0, (20, 61)), **atlas.cards())
    square = panel(alert_figure.draw_figure(atlas.atlas_alert(science)), 0)
    # The paper is white above and below.
    assert (square[20:100, 20:300] == 255).all()
    assert (square[220:280, 120:200] == 255).all()
    # The source is where the centre is marked.
    assert square[152:168, 152:168].mean() > 150


def test_a_damaged_stamp_is_reported_in_its_panel() -> None:
    whole = alert_figure.draw_figure(alert())
    broken = alert_figure.draw_figure(alert(stamps=stamps() | {"template": b"no image"}))
    assert (panel(whole, 0) == panel(broken, 0)).all()
    assert (panel(broken, 1) == 255).mean() > 0.9
    assert (panel(broken, 1) < 100).any()


def test_a_simulated_alert_says_so() -> None:
    real, simulated = (
        np.asarray(alert_figure.draw_figure(alert(oid=oid)))[36:58]
        for oid in ("ZTF20abcdefg", "ZTFSIM000001000000002")
    )
    # The second line of the figure is longer by this word.
    assert np.flatnonzero((simulated < 200).any(axis=(0, 2))).max() > 30 + int(
        np.flatnonzero((real < 200).any(axis=(0, 2))).max()
    )


def test_names_of_any_length_and_script_fit() -> None:
    odd = alert(oid="Ж" * 500, mjd=1e300, mag=1e30, candid="\n")
    assert alert_figure.draw_figure(odd).size == alert_figure.draw_figure(alert()).size


def test_the_file_is_a_png(tmp_path: Path) -> None:
    alert_figure.save_figure(alert(), tmp_path / "stamps")
    with Image.open(tmp_path / "stamps") as found:
        assert found.format == "PNG"
    with pytest.raises(ConfigError, match="cannot be written: No such file"):
        alert_figure.save_figure(alert(), tmp_path / "nowhere" / "stamps.png")


def test_every_real_alert_can_be_drawn(shared_data: Path) -> None:
    files = [*sorted(shared_data.glob("atlas_raw/*.avro")), *sorted(shared_data.glob("ztf_raw/*"))]
    for path in files[:12]:
        with path.open("rb") as source:
            for one in packets.decode_records(source):
                picture = alert_figure.draw_figure(one)  # type: ignore[arg-type]  # real alerts are good
                shades = panel(picture, 0).reshape(-1, 3)
                # The sky is dark, not black, and something is white.
                assert 10 < np.median(shades) < 140
                assert shades.max() == 255

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampapp.stamps.orientation import UNKNOWN, Orientation, north_up
from tests.support.atlas import atlas_header

# North, east and the ground in an image that lies upright: row 0 is the lowest.
SCALE = 5.0e-4


def laid(**cards: float) -> list[list[str]]:
    """Lay an image in which the pixels at the sides are named by what lies there on the sky."""
    header = atlas_header(
        **{key: cards.get(key, 0.0) for key in ("CD1_1", "CD1_2", "CD2_1", "CD2_2")}
    )
    matrix = np.array([[header.value(f"CD{i}_{j}") for j in (1, 2)] for i in (1, 2)], float)
    image = np.full((3, 3), ".", dtype="<U1")
    for name, sky in (("N", (0, 1)), ("E", (1, 0))):
        step = np.linalg.inv(matrix) @ sky
        x, y = np.rint(step / np.abs(step).max()).astype(int)
        image[1 + y, 1 + x] = name
    found: list[list[str]] = north_up(header).apply(image).tolist()
    return found


@pytest.mark.parametrize("east", [-SCALE, SCALE])
@pytest.mark.parametrize("north", [-SCALE, SCALE])
@pytest.mark.parametrize("turned", [False, True])
def test_north_is_up_and_east_is_left(east: float, north: float, turned: bool) -> None:
    cards = {"CD1_2": east, "CD2_1": north} if turned else {"CD1_1": east, "CD2_2": north}
    assert laid(**cards) == [[".", "N", "."], ["E", ".", "."], [".", ".", "."]]


@given(st.floats(0, 2 * np.pi), st.booleans())
def test_north_is_within_half_a_right_angle_of_up(angle: float, mirrored: bool) -> None:
    cos, sin = SCALE * np.cos(angle), SCALE * np.sin(angle)
    east = 1.0 if mirrored else -1.0
    header = atlas_header(CD1_1=east * cos, CD1_2=-east * sin, CD2_1=sin, CD2_2=cos)
    found = north_up(header)
    assert found.north
    assert found.east
    assert found.north[1] >= np.sqrt(0.5) - 1e-6
    # Seen from inside the sphere: east is a quarter turn counter-clockwise of north.
    assert found.east == pytest.approx((-found.north[1], found.north[0]), abs=1e-6)
    assert found.scale == pytest.approx(1.8)


@given(st.booleans(), st.integers(0, 3), st.integers(0, 2), st.integers(0, 4))
def test_a_place_is_turned_as_its_pixel_is(
    mirrored: bool, turns: int, row: int, column: int
) -> None:
    image = np.zeros((3, 5))
    image[row, column] = 1.0
    orientation = Orientation(mirrored=mirrored, turns=turns)
    place = np.argwhere(orientation.apply(image))[0].tolist()
    assert orientation.apply_to_place((row, column), image.shape) == tuple(place)


def test_without_a_matrix_the_image_stays_as_it_is() -> None:
    for cards in ({"CD1_1": None}, {"CD1_1": "'x'"}, {"CD1_1": 0.0}, {"CD2_2": "1E999"}):
        assert north_up(atlas_header(**cards)) == UNKNOWN
    for size in ("1E-310", "1E-200", "1E200"):
        cards = {"CD1_1": size, "CD1_2": "0.0", "CD2_1": "0.0", "CD2_2": size}
        assert north_up(atlas_header(**cards)) == UNKNOWN
    assert UNKNOWN.apply(np.array([[1, 2], [3, 4]])).tolist() == [[3, 4], [1, 2]]


@pytest.mark.parametrize(
    ("angle", "words"),
    [
        (0.3, "north up, east left"),
        (30.0, "north 30° left of up"),
        (-20.0, "north 20° right of up"),
        (100.0, "north 10° left of up"),
    ],
)
def test_the_words_say_where_north_is_in_the_picture(angle: float, words: str) -> None:
    cos, sin = SCALE * np.cos(np.radians(angle)), SCALE * np.sin(np.radians(angle))
    header = atlas_header(CD1_1=-cos, CD1_2=-sin, CD2_1=-sin, CD2_2=cos)
    assert str(north_up(header)) == words
    assert str(UNKNOWN) == "north unknown"

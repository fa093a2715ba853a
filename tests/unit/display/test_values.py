from __future__ import annotations

import math

from stampapp.display.values import grid_in_short

ID = 169_813_006_111_211_571


def test_flags_and_nulls_are_listed_after_the_other_values() -> None:
    values = {
        "id": ID,
        "isDipole": True,
        "flux": 1425.946,
        "edge": False,
        "bad": False,
        "x": None,
        "y": math.nan,
    }
    first, *rest = grid_in_short(values, 78)
    assert " ".join(first.split()) == "flux 1425.946"
    assert rest == [f"id   {ID}", "true: isDipole", "false: edge, bad", "no value: x, y"]


def test_of_many_flags_a_few_are_named() -> None:
    values = dict.fromkeys((f"pixelFlags_{number}" for number in range(40)), False)
    lines = [*grid_in_short(values, 60)]
    assert max(map(len, lines)) <= 60
    assert " ".join(lines).startswith("false: pixelFlags_0, pixelFlags_1,")
    assert lines[-1].endswith("pixelFlags_11 and 28 more")


def test_dates_have_their_digits() -> None:
    (line,) = grid_in_short({"midpointMjdTai": 61041.22082409}, 40)
    assert line.split() == ["midpointMjdTai", "61041.22082409"]

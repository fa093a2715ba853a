from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stampapp.config.casts import boolean, comma_separated, log_level_name, number
from stampapp.config.environment import Reader, Reading
from stampapp.errors import ConfigError


def reader(**values: str) -> Reader:
    return Reader(values.get)


def complaint(of: Reader) -> str:
    with pytest.raises(ConfigError) as error:
        of.finish()
    return str(error.value)


def test_a_value_is_cast_and_noted() -> None:
    keys = reader(KEY=" 7 ")
    assert keys.read("KEY", int, 1, "a number") == 7
    assert keys.readings == [
        Reading(key="KEY", value=" 7 ", origin="KEY", meaning="a number", source="environment")
    ]
    keys.finish()


@pytest.mark.parametrize("values", [{}, {"KEY": ""}, {"KEY": "  "}])
def test_a_key_without_a_value_has_its_default(values: Mapping[str, str]) -> None:
    keys = reader(**values)
    assert keys.read("KEY", int, 1, "a number") == 1
    assert keys.readings == [
        Reading(key="KEY", value="1", origin="default", meaning="a number", source="default")
    ]
    keys.finish()


@pytest.mark.parametrize("values", [{}, {"KEY": ""}, {"KEY": "  "}])
def test_a_required_key_without_a_value_is_a_problem(values: Mapping[str, str]) -> None:
    keys = reader(**values)
    keys.read("KEY", str, None, "what it is for", required=True)
    assert "KEY is not set: what it is for" in complaint(keys)


def test_blank_can_be_a_value() -> None:
    assert reader(KEY="").read("KEY", str, "x", "", blank_is_a_value=True) == ""
    assert reader().read("KEY", str, "x", "", blank_is_a_value=True) == "x"


def test_an_alias_is_accepted_and_named_as_the_origin() -> None:
    keys = reader(OLD="v")
    assert keys.read("KEY", str, None, "", aliases=("OLDER", "OLD")) == "v"
    assert keys.readings[0].origin == "OLD"


def test_the_key_itself_wins_over_an_equal_alias() -> None:
    keys = reader(KEY="v", OLD="v")
    assert keys.read("KEY", str, None, "", aliases=("OLD",)) == "v"
    assert keys.readings[0].origin == "KEY"
    keys.finish()


def test_an_alias_of_another_value_is_a_problem_that_names_both_keys_and_no_value() -> None:
    keys = reader(KEY="hush", OLD="shhh")
    keys.read("KEY", str, None, "", aliases=("OLD",), secret=True)
    found = complaint(keys)
    assert "KEY and OLD contradict each other: set one of them" in found
    assert "hush" not in found
    assert "shhh" not in found


def test_a_secret_is_masked_in_readings_and_problems() -> None:
    def refuse(_: str) -> str:
        raise ValueError("not this one")

    keys = reader(KEY="hush")
    keys.read("KEY", refuse, None, "", secret=True)
    assert "hush" not in repr(keys.readings)
    assert keys.readings[0].value == "***"
    assert complaint(keys).endswith("KEY is ***: not this one")


def test_a_secret_that_is_not_set_shows_that() -> None:
    keys = reader()
    keys.read("KEY", str, None, "", secret=True)
    assert keys.readings[0].value == ""


def test_all_problems_are_reported_at_once() -> None:
    keys = reader(B="x")
    keys.read("A", str, None, "first", required=True)
    keys.read("B", int, 0, "second")
    found = complaint(keys)
    assert "A is not set: first" in found
    assert "B is 'x'" in found


def test_what_cannot_be_built_is_a_problem() -> None:
    def refuse() -> int:
        raise ConfigError("KEY: mend it")

    keys = reader()
    assert keys.build(refuse) is None
    assert "KEY: mend it" in complaint(keys)
    assert reader().build(lambda: 5) == 5


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [(int, "1", 1), (int, "10", 10), (float, "1", 1.0), (float, "9.5", 9.5), (float, "1e1", 10.0)],
)
def test_numbers_within_their_bounds(kind: Any, text: str, expected: float) -> None:
    found = number(1, 10, kind)(text)
    assert found == expected
    assert type(found) is kind


@pytest.mark.parametrize("text", ["0", "11", "-1", "nan", "inf", "0.999"])
def test_numbers_outside_of_their_bounds(text: str) -> None:
    with pytest.raises(ValueError, match="a number from 1 to 10 is expected"):
        number(1, 10, float)(text)


@pytest.mark.parametrize("text", ["1.5", "ten", "", "1e1"])
def test_what_is_no_integer(text: str) -> None:
    with pytest.raises(ValueError, match="a whole number from"):
        number(-math.inf, math.inf, int)(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[(text, True) for text in ("true", "YES", "1", "on")],
        *[(text, False) for text in ("False", "no", "0", "off")],
    ],
)
def test_flags(text: str, expected: bool) -> None:
    assert boolean(text) is expected


def test_lists_and_levels() -> None:
    assert comma_separated(" a, b,,c ,") == ("a", "b", "c")
    assert log_level_name("debug") == "DEBUG"


@pytest.mark.parametrize(
    ("cast", "text", "remedy"),
    [
        (boolean, "maybe", "true or false is expected"),
        (comma_separated, " , ", "a comma-separated list is expected"),
        (log_level_name, "LOUD", "one of DEBUG, INFO, WARNING, ERROR, CRITICAL is expected"),
    ],
)
def test_an_invalid_value_is_reported_with_the_expected_form(
    cast: Any, text: str, remedy: str
) -> None:
    with pytest.raises(ValueError, match=remedy):
        cast(text)


@pytest.mark.parametrize(
    ("default", "shown"),
    [(("a:1", "b:2"), "a:1,b:2"), (True, "true"), (600.0, "600"), (None, ""), (Path("x"), "x")],
)
def test_a_default_is_shown_as_one_would_set_it(default: object, shown: str) -> None:
    keys = reader()
    keys.read("KEY", str, default, "")
    assert keys.readings[0].value == shown
    assert keys.readings[0].source == "default"

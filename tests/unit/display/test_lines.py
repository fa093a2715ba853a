from __future__ import annotations

import io
import os

import pytest

from stampapp.display.lines import (
    counted,
    escape_bytes,
    fold,
    printable,
    terminal_width,
    write_lines,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_only_a_terminal_has_a_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert terminal_width(io.StringIO()) is None
    assert terminal_width(Terminal()) == 40


def test_lines_are_wrapped_between_words_for_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    lines = ["short", "  an indented line of too many words for it"]
    pipe, terminal = io.StringIO(), Terminal()
    for out in (pipe, terminal):
        write_lines(lines, out)
    assert pipe.getvalue().splitlines() == lines
    assert terminal.getvalue().splitlines() == [
        "short",
        "  an indented line of too many",
        "    words for it",
    ]


def test_columns_within_a_line_stay_as_they_are() -> None:
    assert fold("a    b    c", 12) == ["a    b    c"]
    assert fold("x" * 50, None) == ["x" * 50]
    assert fold("x" * 50, 10) == ["x" * 20, "x" * 20, "x" * 10]


def test_control_characters_are_replaced() -> None:
    assert printable("a\x1b[2J\tb") == "a\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}b"


def test_bytes_of_a_name_that_are_not_utf_8_are_readable() -> None:
    name, shown = os.fsdecode(b"n\xff\xe9\xc3\xa9.avro"), "n\\xff\\xe9é.avro"
    assert escape_bytes(name) == printable(name) == shown
    out = io.StringIO()
    write_lines([name], out)
    assert out.getvalue() == f"{shown}\n"


def test_a_number_has_its_noun_in_the_singular_or_plural() -> None:
    assert [counted(n, "alert") for n in (0, 1, 2)] == ["0 alerts", "1 alert", "2 alerts"]

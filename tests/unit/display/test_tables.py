from __future__ import annotations

from rich.text import Text

from stampapp.display.tables import Column, Table, name_value_lines, table_lines

COLUMNS = (Column(name="role"), Column(name="messages", right=True))
ROWS = [("consumer", "7", "one:9092"), ("x", "12345", "")]


def plain(lines: list[Text]) -> list[str]:
    return [line.plain for line in lines]


def test_columns_line_up_in_a_pipe() -> None:
    assert list(table_lines(COLUMNS, ROWS, detail="cluster")) == [
        "role     messages  cluster",
        "consumer        7  one:9092",
        "x           12345",
    ]
    assert list(table_lines(COLUMNS, ROWS, heading=False)) == [
        "consumer     7  one:9092",
        "x        12345",
    ]


def test_in_a_pipe_nothing_is_wrapped_or_cut() -> None:
    (line,) = Table(COLUMNS).row(["a", "1"], "word " * 500 + "end")
    assert line.plain.endswith("word end")


def test_a_long_text_is_wrapped_below_its_row() -> None:
    table = Table([Column(name="object", width=8), Column(name="p", width=5, right=True)], 30)
    assert plain(table.row(["A", "0.5"], "short")) == ["A          0.5  short"]
    assert plain(table.row(["A", "0.5"], "a text that is longer than the line")) == [
        "A          0.5",
        "    a text that is longer than",
        "    the line",
    ]


def test_a_narrow_terminal_gets_a_line_for_each_value() -> None:
    table = Table([Column(name="object", width=20), Column(name="class", width=12)], 25)
    assert plain(table.heading()) == []
    assert plain(table.row(["A" * 20, "SN"], "because of what it is")) == [
        "object",
        "    AAAAAAAAAAAAAAAAAAAA",
        "class   SN",
        "    because of what it is",
        "",
    ]


def test_a_row_may_end_before_its_columns() -> None:
    table = Table([Column(name=name, width=6) for name in ("a", "b", "c")])
    assert plain(table.row(["1"], "damaged")) == ["1       damaged"]


def test_styles_stay_with_their_cells() -> None:
    (line,) = Table(COLUMNS).row(["x", Text("7", style="red")])
    assert [(line.plain[one.start : one.end], one.style) for one in line.spans] == [("7", "red")]


def test_control_characters_in_cells_are_escaped() -> None:
    for line in Table(COLUMNS).row(["\x1b[2J", "1"], "\x07\n"):
        assert line.plain.isprintable()


def test_names_and_values() -> None:
    assert list(name_value_lines({"into": "model", "as": 5})) == ["into  model", "as    5"]

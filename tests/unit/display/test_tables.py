from __future__ import annotations

import io

from stampapp.display import tables


def test_columns_line_up() -> None:
    rows = [("role", "messages", "cluster"), ("consumer", "7", "one:9092"), ("x", "12345", "")]
    assert list(tables.lines(rows, " >")) == [
        "role      messages  cluster",
        "consumer         7  one:9092",
        "x            12345",
    ]


def test_only_a_terminal_has_an_edge() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert tables.fitted("x" * 5000, io.StringIO()) == "x" * 5000
    cut = tables.fitted("x" * 5000, Terminal())
    assert len(cut) < 5000
    assert cut.endswith("x…")
    assert tables.fitted("short", Terminal()) == "short"

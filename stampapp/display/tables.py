"""Tables of text: aligned rows, or a line per value if the terminal is too narrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.text import Text

from stampapp.display.lines import fold, printable

Cell = str | Text
# Numbers are mostly shorter than their column.
_GAP, _GAP_BEFORE_NUMBERS = "  ", " "
_INDENT = "    "


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column: its heading, how many characters wide it is at least, and its alignment."""

    name: str
    width: int = 0
    right: bool = False

    @property
    def gap(self) -> str:
        """What separates it from the column on its left."""
        return _GAP_BEFORE_NUMBERS if self.right else _GAP


class Table:
    """Lays out rows one by one.

    `width` is that of the terminal, None for a pipe or file, where a row is always one line. A row
    may end with a free text, its `detail`, which is wrapped below the row if it does not fit.
    """

    def __init__(
        self, columns: Sequence[Column], width: int | None = None, *, detail: str = ""
    ) -> None:
        self._columns = columns
        self._width = width
        self._detail = detail
        needed = sum(one.width + len(one.gap) for one in self._columns)
        self._too_narrow = width is not None and needed > width + len(_GAP)

    def heading(self, style: str = "") -> list[Text]:
        """Return the line with the column names; none if each value is named."""
        if self._too_narrow:
            return []
        names = [one.name for one in self._columns]
        return [Text(line.plain, style) for line in self.row(names, self._detail)]

    def row(self, cells: Sequence[Cell], detail: str = "") -> list[Text]:
        """Return the lines of a row; there may be fewer cells than columns."""
        shown = [cell if isinstance(cell, Text) else printable(cell) for cell in cells]
        if self._too_narrow:
            return self._record(shown, printable(detail))
        parts: list[Cell] = []
        for cell, column in zip(shown, self._columns, strict=False):
            parts += _aligned(cell, column)
        line = Text.assemble(*parts[1:])
        return self._with_detail(line, printable(detail)) if detail else [_stripped(line)]

    def _with_detail(self, line: Text, detail: str) -> list[Text]:
        length = line.cell_len + len(_GAP) + cell_len(detail)
        if self._width is None or length <= self._width:
            return [Text.assemble(line, _GAP, detail)]
        below = fold(_INDENT + detail, self._width, _INDENT)
        return [_stripped(line), *map(Text, below)]

    def _record(self, cells: Sequence[Cell], detail: str) -> list[Text]:
        named = [*self._columns[: len(cells)], Column(name=self._detail)]
        longest = max(len(one.name) for one in named)
        lines = []
        for column, cell in zip(named, [*cells, detail], strict=True):
            value = Text.assemble(cell)
            if value.plain.strip():
                lines += _named_value(column.name.ljust(longest), value, self._width or 0)
        return [*lines, Text()]


def table_lines(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    width: int | None = None,
    *,
    detail: str = "",
    heading: bool = True,
) -> Iterator[str]:
    """Yield the lines of a table whose columns are as wide as their longest cells.

    A row may have one cell more than there are columns: its detail.
    """
    count = len(columns)
    fitted = [
        replace(one, width=max([one.width, heading and len(one.name), *(len(r[at]) for r in rows)]))
        for at, one in enumerate(columns)
    ]
    table = Table(fitted, width, detail=detail)
    lines = table.heading() if heading else []
    for row in rows:
        lines += table.row(row[:count], *row[count:])
    yield from (line.plain for line in lines)


def name_value_lines(values: Mapping[str, object], width: int | None = None) -> Iterator[str]:
    """Yield a line for each name and its value."""
    rows = [(name, str(value)) for name, value in values.items()]
    yield from table_lines([Column(name="name")], rows, width, heading=False)


def _aligned(cell: Cell, column: Column) -> tuple[Cell, Cell, Cell]:
    """Return the gap before a column, and the cell with its padding."""
    used = cell.cell_len if isinstance(cell, Text) else cell_len(cell)
    padding = " " * max(0, column.width - used)
    return (column.gap, padding, cell) if column.right else (column.gap, cell, padding)


def _stripped(line: Text) -> Text:
    line.rstrip()
    return line


def _named_value(name: str, value: Text, width: int) -> list[Text]:
    if len(name) + len(_GAP) + value.cell_len <= width:
        return [Text.assemble(name, _GAP, value)]
    named = [Text(name.rstrip())] if name.strip() else []
    return [*named, *map(Text, fold(_INDENT + value.plain.strip(), width, _INDENT))]

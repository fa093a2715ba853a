"""Rows → lines whose columns line up, as far as a terminal is wide."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from typing import TextIO

Row = Sequence[str]


def lines(rows: Sequence[Row], right: str = "") -> Iterator[str]:
    """Yield a line for each row, the heading among them.

    `right` has a `>` for each column of numbers, anything else for the others.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    signs = right.ljust(len(widths))
    for row in rows:
        cells = (
            cell.rjust(width) if sign == ">" else cell.ljust(width)
            for cell, width, sign in zip(row, widths, signs, strict=True)
        )
        yield "  ".join(cells).rstrip()


def fitted(text: str, out: TextIO) -> str:
    """Return a line as a terminal has room for it; elsewhere nothing is cut off."""
    if not out.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"

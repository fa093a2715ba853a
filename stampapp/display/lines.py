"""Lines of text for a terminal of any width, a pipe or a file."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterable
from typing import TextIO

# A narrower column would cut words into unreadable pieces.
_LEAST = 20
# A byte that Python could not decode (PEP 383).
_BYTE = re.compile("[\udc80-\udcff]")


def terminal_width(out: TextIO) -> int | None:
    """Return how many characters wide a terminal is; None for a pipe or a file."""
    return shutil.get_terminal_size().columns if out.isatty() else None


def write_lines(lines: Iterable[str], out: TextIO) -> None:
    """Write lines, wrapped between words where a terminal is too narrow for them."""
    width = terminal_width(out)
    for line in map(escape_bytes, lines):
        indent = " " * (len(line) - len(line.lstrip()))
        for part in fold(line, width, f"{indent}  "):
            print(part, file=out)


def fold(text: str, width: int | None, indent: str = "") -> list[str]:
    """Return a text in lines of this width, indented from the second on (None: one line)."""
    if width is None or len(text) <= width:
        return [text]
    return textwrap.wrap(
        text,
        max(width, len(indent) + _LEAST),
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: 1 alert, 2 alerts."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def escape_bytes(text: str) -> str:
    r"""Return a text in which bytes of a file name that are not UTF-8 are written as \xff.

    Python keeps them as characters that no UTF-8 file or terminal takes.
    """
    return _BYTE.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", text)


def printable(text: str) -> str:
    """Replace control characters, with which a message could steer the terminal."""
    if text.isprintable():
        return text
    text = escape_bytes(text)
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)

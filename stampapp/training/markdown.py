"""Write Markdown that is also readable as plain text."""

from __future__ import annotations

from collections.abc import Sequence


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table with padded columns; all but the first are right-aligned."""
    cells = [list(headings), *[[str(value) for value in row] for row in rows]]
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(row, widths) for row in (cells[0], rule, *cells[1:]))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(row, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]
    return f"| {' | '.join(padded)} |"


def figure(name: str, caption: str) -> str:
    """Return a link to an image in the same folder."""
    return f"![{caption}]({name})"


def replace_section(document: str, heading: str, body: str) -> str:
    """Return the document with a second-level section replaced, or added at the end."""
    parts = document.rstrip("\n").split("\n## ")
    section = f"{heading}\n\n{body.strip()}\n"
    places = [place for place, part in enumerate(parts) if part.split("\n")[0] == heading]
    if places:
        parts[places[0]] = section
    else:
        parts.append(section)
    return "\n## ".join(f"{part.rstrip()}\n" for part in parts)

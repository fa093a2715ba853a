"""Tables as text: CSV for everyone, ECSV with units, descriptions and metadata."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from astropy.table import Table


def write_csv(path: Path, tables: Iterator[Table], rows: int) -> None:  # noqa: ARG001
    """Write tables one after the other. What is masked is empty."""
    _write(path, tables, "ascii.csv")


def write_ecsv(path: Path, tables: Iterator[Table], rows: int) -> None:  # noqa: ARG001
    """Write tables one after the other, with the units and metadata of the first."""
    _write(path, tables, "ascii.ecsv")


def _write(path: Path, tables: Iterator[Table], kind: str) -> None:
    first = next(tables)
    heading = _text(first[:0], kind)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(_text(first, kind))
        for table in tables:
            file.write(_text(table, kind).removeprefix(heading))


def _text(table: Table, kind: str) -> str:
    out = io.StringIO()
    table.write(out, format=kind, delimiter=",")
    return out.getvalue()

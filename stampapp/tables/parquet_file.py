"""Tables as Parquet, with the units and metadata where astropy looks for them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import MaskedColumn, Table


def write(path: Path, tables: Iterator[Table], rows: int) -> None:  # noqa: ARG001
    """Write tables one after the other, with the units and metadata of the first.

    What is masked is NaN or empty text: astropy would read a null as the text "None".
    """
    # An optional package.
    import pyarrow as pa
    from pyarrow import parquet

    first = _filled(next(tables))
    schema = _schema(first)
    # Pyarrow takes no path with bytes that are not UTF-8.
    with path.open("wb") as file, parquet.ParquetWriter(file, schema) as writer:
        writer.write_table(pa.table(_arrays(first), schema=schema))
        for table in tables:
            writer.write_table(pa.table(_arrays(_filled(table)), schema=schema))


def _schema(table: Table) -> Any:
    from pyarrow import parquet

    # Astropy writes its metadata into a file only, whose name it gives to pyarrow.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "schema.parquet"
        table[:0].write(path, format="parquet")
        return parquet.read_schema(path)


def _filled(table: Table) -> Table:
    filled = Table({name: _column(table[name]) for name in table.colnames}, meta=table.meta)
    for name in table.colnames:
        filled[name].unit, filled[name].description = table[name].unit, table[name].description
    return filled


def _column(column: MaskedColumn) -> np.ndarray:
    return np.asarray(column.filled("" if column.dtype.kind == "U" else np.nan))


def _arrays(table: Table) -> dict[str, Any]:
    # Text of a fixed width is no type of Arrow's.
    return {
        name: column.astype(object) if column.dtype.kind == "U" else np.asarray(column)
        for name, column in table.columns.items()
    }

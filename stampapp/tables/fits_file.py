"""Tables as FITS binary tables.

https://fits.gsfc.nasa.gov/fits_standard.html, version 4.0
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import Table

# FITS allows eight characters for a name.
_KEYWORDS = {
    "survey": "SURVEY",
    "classifier_name": "CLFNAME",
    "classifier_version": "CLFVERS",
    "classes": "CLASSES",
    "created": "DATE",
    "stampapp_version": "STAMPAPP",
}


def write(path: Path, tables: Iterator[Table], rows: int) -> None:
    """Write tables one after the other, with the units and metadata of the first.

    The metadata are keywords. What is masked is NaN or empty; FITS has ASCII only, so that other
    characters are written as Python's escapes.
    """
    first = next(tables)
    with fits.StreamingHDU(str(path), _header(first, rows)) as hdu:
        # It refuses to write nothing.
        for table in chain([first], tables) if rows else ():
            hdu.write(_row_bytes(table))


def _header(table: Table, rows: int) -> fits.Header:
    header = _hdu(table[:0]).header
    header["NAXIS2"] = rows
    for number, name in enumerate(table.colnames, 1):
        header[f"TCOMM{number}"] = table[name].description
    for name, value in table.meta.items():
        header[_KEYWORDS[name]] = (_ascii(str(value)), name)
    return header


def _row_bytes(table: Table) -> np.ndarray:
    data = np.asarray(_hdu(table).data)
    # FITS is big-endian.
    return np.frombuffer(data.astype(data.dtype.newbyteorder(">")).tobytes(), np.uint8)


def _hdu(table: Table) -> fits.BinTableHDU:
    plain = table.copy(copy_data=False)
    plain.meta = {}
    for name in table.colnames:
        column = table[name]
        if column.dtype.kind == "U":
            width = column.dtype.itemsize // np.dtype("U1").itemsize
            plain[name] = np.array(list(map(_ascii, column.filled(""))), dtype=f"S{width}")
    return fits.table_to_hdu(plain)


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()

"""Write pixels as the bytes of a FITS image."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from isal import igzip

from stampapp.simulation.image_model import Image

_BLOCK = 2880
_CARD = 80
Cards = Mapping[str, str | int | float]


def write_fits(pixels: Image, cards: Cards, *, compressed: bool) -> bytes:
    """Return a float32 FITS image (rows, columns) with these cards after the mandatory ones."""
    content = _unit({"SIMPLE": True}, pixels.astype(">f4"), cards)
    return igzip.compress(content, mtime=0) if compressed else content


def write_extension(pixels: Image, name: str, cards: Cards, *, double: bool = False) -> bytes:
    """Return an image extension, float32 or `double`, that follows a FITS image."""
    values = pixels.astype(">f8" if double else ">f4")
    return _unit({"XTENSION": "IMAGE"}, values, {**cards, "EXTNAME": name})


def _unit(first: Cards, values: npt.NDArray[np.floating], cards: Cards) -> bytes:
    rows, columns = values.shape
    size = {"BITPIX": -8 * values.itemsize, "NAXIS": 2, "NAXIS1": columns, "NAXIS2": rows}
    counts = {} if "SIMPLE" in first else {"PCOUNT": 0, "GCOUNT": 1}
    every: dict[str, str | int | float] = {**first, **size, **counts, **cards}
    text = "".join(_card(key, value) for key, value in every.items())
    header = _padded((text + "END").encode("ascii"), b" ")
    return header + _padded(values.tobytes(), b"\0")


def _card(key: str, value: str | float) -> str:
    match value:
        case bool():
            shown = f"{'T' if value else 'F':>20}"
        case str():
            shown = f"{value!r:<20}"
        case int():
            shown = f"{value:>20d}"
        case _:
            shown = f"{value:>20.12G}"
    return f"{key:<8}= {shown}".ljust(_CARD)


def _padded(data: bytes, filler: bytes) -> bytes:
    return data + filler * (-len(data) % _BLOCK)

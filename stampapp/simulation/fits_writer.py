"""Write pixels as the bytes of a FITS image."""

from __future__ import annotations

from collections.abc import Mapping

from isal import igzip

from stampapp.simulation.image_model import Image

_BLOCK = 2880
_CARD = 80
Cards = Mapping[str, str | int | float]


def write_fits(pixels: Image, cards: Cards, *, compressed: bool) -> bytes:
    """Return a float32 FITS image (rows, columns) with these cards after the mandatory ones."""
    rows, columns = pixels.shape
    mandatory = {"SIMPLE": True, "BITPIX": -32, "NAXIS": 2, "NAXIS1": columns, "NAXIS2": rows}
    text = "".join(_card(key, value) for key, value in {**mandatory, **cards}.items())
    header = _padded((text + "END").encode("ascii"), b" ")
    data = _padded(pixels.astype(">f4").tobytes(), b"\0")
    return igzip.compress(header + data, mtime=0) if compressed else header + data


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

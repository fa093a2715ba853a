"""Read a stamp, a FITS image that may be gzipped, as an array.

The sizes that a header declares are compared with what the survey sends before anything is
allocated, and no more bytes are decompressed than a stamp can have.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from isal import igzip_lib

from stampapp.errors import BadAlert
from stampapp.stamps import fits_header
from stampapp.stamps.fits_header import Header

Image = npt.NDArray[np.float32]
Pixels = npt.NDArray[Any]

MAX_STAMP_BYTES = 2**20
MAX_SIDE = 1024
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_MAX_MEMBERS = 8
# Headers are kept: of Rubin's stamps, each has four.
_LATEST = 8
_AXES = ("BITPIX", "NAXIS", "NAXIS1", "NAXIS2")
_NUMBERS = (*_AXES, "BSCALE", "BZERO", "BLANK")
_TYPES = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Stamp:
    """A stamp: its read-only pixels (rows, columns) and its header."""

    pixels: Pixels
    header: Header


def read_pixels(data: object, shape: tuple[int, int], name: str) -> Pixels:
    """Return the pixels of a stamp: a read-only array (rows, columns), float, any byte order.

    `name` (science, template or difference) is for the error. Raises BadAlert where there is no
    stamp, where it is damaged or no FITS image, or where it has not this shape.
    """
    return read_stamp(data, shape, name).pixels


def read_stamp(data: object, shape: tuple[int, int] | None, name: str) -> Stamp:
    """Return the pixels as `read_pixels` does, and the header; a `shape` of None allows any."""
    return read_image(plain_bytes(data, name), 0, shape, name)[0]


def plain_bytes(data: object, name: str) -> bytes:
    """Return the FITS file in a stamp, gunzipped. Raises BadAlert where there is none."""
    if not isinstance(data, bytes) or not data:
        raise BadAlert("stamp-missing", f"there is no {name} stamp")
    plain = _gunzip(data, name) if data.startswith(_GZIP_MAGIC) else data
    if not plain.startswith(b"SIMPLE  ="):
        raise BadAlert("stamp-not-fits", f"the {name} stamp is neither FITS nor gzipped FITS")
    return plain


def read_image(
    plain: bytes, start: int, shape: tuple[int, int] | None, name: str
) -> tuple[Stamp, int]:
    """Return the image whose header begins at `start`, and where its pixels end."""
    layout = _LAYOUTS.find(plain, start) or _read_layout(plain, start, name)
    if shape is None:
        shape = _any_shape(layout.shape, name)
    elif layout.shape != shape:
        raise BadAlert(
            "stamp-shape", f"the {name} stamp is {_size(layout.shape)}, {_size(shape)} is expected"
        )
    count, offset = shape[0] * shape[1], start + layout.header.size
    end = offset + count * layout.dtype.itemsize
    if len(plain) < end:
        raise BadAlert("stamp-damaged", f"the {name} stamp ends before its last pixel")
    pixels = np.frombuffer(plain, layout.dtype, count, offset).reshape(shape)
    return Stamp(pixels=layout.scaled(pixels), header=layout.header), end


def _any_shape(shape: tuple[int, int], name: str) -> tuple[int, int]:
    if not 0 < min(shape) <= max(shape) <= MAX_SIDE:
        raise BadAlert(
            "stamp-shape",
            f"the {name} stamp is {_size(shape)}, sides of 1 to {MAX_SIDE} are expected",
        )
    return shape


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(str(side) for side in shape) + " pixels"


def _gunzip(data: bytes, name: str) -> bytes:
    plain = b""
    for _ in range(_GZIP_MAX_MEMBERS):
        inflater = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        try:
            plain += inflater.decompress(data, MAX_STAMP_BYTES + 1 - len(plain))
        except igzip_lib.error as error:  # type: ignore[misc]  # its stub hides the class
            raise BadAlert("stamp-damaged", f"{name} stamp: gzip says {error}") from error
        if len(plain) > MAX_STAMP_BYTES:
            raise BadAlert("stamp-too-large", f"the {name} stamp is over {MAX_STAMP_BYTES} B")
        if not inflater.eof:
            raise BadAlert("stamp-damaged", f"the gzipped {name} stamp is cut short")
        data = inflater.unused_data
        if not data.startswith(_GZIP_MAGIC):
            break
    return plain


class _Layout:
    """How the pixels of an image are stored that follow the header `text`."""

    def __init__(self, text: bytes, header: Header, numbers: dict[str, float]) -> None:
        self.text, self.header = text, header
        self.dtype = np.dtype(_TYPES[int(numbers["BITPIX"])])
        self.shape = (int(numbers["NAXIS2"]), int(numbers["NAXIS1"]))
        self._blank = numbers.get("BLANK")
        self._scale = numbers.get("BSCALE", 1.0)
        self._zero = numbers.get("BZERO", 0.0)
        self._is_plain = self.dtype.kind == "f" and (self._scale, self._zero) == (1.0, 0.0)

    def scaled(self, pixels: Pixels) -> Pixels:
        """Apply BSCALE, BZERO and BLANK (FITS standard 4.0, 4.4.2.5 and 5.3)."""
        if self._is_plain:
            return pixels
        with np.errstate(over="ignore", invalid="ignore"):
            physical: Pixels = pixels * np.float64(self._scale) + self._zero
        if self.dtype.kind != "f" and self._blank is not None:
            physical[pixels == self._blank] = np.nan
        return physical


class _LatestLayouts:
    """The layouts of the last headers: most stamps have the header of one before them.

    The stamps of an alert share their headers, and with them what is derived from a header.
    """

    def __init__(self) -> None:
        self._latest: tuple[_Layout, ...] = ()

    def find(self, plain: bytes, start: int) -> _Layout | None:
        """Return the layout of the header at a place, if it is one of the last."""
        for layout in self._latest:
            if plain.startswith(layout.text, start):
                return layout
        return None

    def add(self, layout: _Layout) -> None:
        """Keep a layout in place of the oldest."""
        self._latest = (layout, *self._latest[: _LATEST - 1])


_LAYOUTS = _LatestLayouts()


def _read_layout(plain: bytes, start: int, name: str) -> _Layout:
    text = fits_header.find_header(plain, start)
    if text is None:
        raise BadAlert("stamp-not-fits", f"the FITS header of the {name} stamp has no end")
    found = _layout_or_problem(text)
    if isinstance(found, str):
        raise BadAlert("stamp-not-fits", f"the {name} stamp {found}")
    _LAYOUTS.add(found)
    return found


def _layout_or_problem(text: bytes) -> _Layout | str:
    header = Header(text)
    numbers: dict[str, float] = {}
    for keyword in _NUMBERS:
        value = header.value(keyword)
        if isinstance(value, str) or (value is not None and not math.isfinite(value)):
            return f"has {keyword} {value!r} in its FITS header, which is no number"
        if value is not None:
            numbers[keyword] = value
    whole = all(numbers.get(axis, math.nan).is_integer() for axis in _AXES)
    if not whole or numbers["NAXIS"] != 2 or numbers["BITPIX"] not in _TYPES:
        return "is no two-dimensional FITS image"
    return _Layout(text, header, numbers)

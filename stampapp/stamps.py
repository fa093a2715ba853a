"""Stamp bytes (a FITS image, gzipped or plain) → array, and arrays → what a network sees.

Pure and bounded: nothing that a header declares is believed before it is compared with what the
survey sends, and no more bytes are inflated than a stamp can have.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from isal import igzip_lib

from stampapp.errors import BadAlert

Image = npt.NDArray[np.float32]
Pixels = npt.NDArray[Any]

MAX_STAMP_BYTES = 2**20
MAX_HEADER_BLOCKS = 64
_BLOCK = 2880
_CARD = 80
_END = b"END" + b" " * 77
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_MAX_MEMBERS = 8
_TYPES = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}


def decode(data: object, shape: tuple[int, int], name: str) -> Pixels:
    """Return the pixels of a stamp: a read-only array (rows, columns), float, any byte order.

    `name` is science, template or difference, for the error. Raises BadAlert where there is no
    stamp, it is damaged, is no FITS image, or is not of this shape (rows, columns) in pixels.
    """
    if not isinstance(data, bytes) or not data:
        raise BadAlert("stamp-missing", f"there is no {name} stamp")
    plain = _gunzip(data, name) if data.startswith(_GZIP_MAGIC) else data
    if not plain.startswith(b"SIMPLE  ="):
        raise BadAlert("stamp-not-fits", f"the {name} stamp is neither FITS nor gzipped FITS")
    layout = _layout(_header(plain, name), name)
    if layout.shape != shape:
        raise BadAlert(
            "stamp-shape", f"the {name} stamp is {_size(layout.shape)}, {_size(shape)} is expected"
        )
    count = shape[0] * shape[1]
    if len(plain) < layout.offset + count * layout.dtype.itemsize:
        raise BadAlert("stamp-damaged", f"the {name} stamp ends before its last pixel")
    pixels = np.frombuffer(plain, layout.dtype, count, layout.offset).reshape(shape)
    return layout.scaled(pixels)


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


def _header(plain: bytes, name: str) -> bytes:
    limit = min(len(plain), MAX_HEADER_BLOCKS * _BLOCK)
    at = plain.find(_END, 0, limit)
    while at >= 0:
        end = (at // _BLOCK + 1) * _BLOCK
        if at % _CARD == 0 and end <= len(plain):
            return plain[:end]
        at = plain.find(_END, at + 1, limit)
    raise BadAlert("stamp-not-fits", f"the FITS header of the {name} stamp has no end")


class _Layout:
    """How the pixels of an image lie in its bytes."""

    def __init__(self, offset: int, cards: dict[bytes, float]) -> None:
        self.offset = offset
        self.dtype = np.dtype(_TYPES[int(cards[b"BITPIX"])])
        self.shape = (int(cards[b"NAXIS2"]), int(cards[b"NAXIS1"]))
        self._blank = cards.get(b"BLANK")
        self._scale = cards.get(b"BSCALE", 1.0)
        self._zero = cards.get(b"BZERO", 0.0)

    def scaled(self, pixels: Pixels) -> Pixels:
        """Apply BSCALE, BZERO and BLANK (FITS standard 4.0, 4.4.2.5 and 5.3)."""
        if self.dtype.kind == "f" and (self._scale, self._zero) == (1.0, 0.0):
            return pixels
        with np.errstate(over="ignore", invalid="ignore"):
            physical: Pixels = pixels * np.float64(self._scale) + self._zero
        if self.dtype.kind != "f" and self._blank is not None:
            physical[pixels == self._blank] = np.nan
        return physical


_NUMBERS = (b"BITPIX", b"NAXIS", b"NAXIS1", b"NAXIS2", b"BSCALE", b"BZERO", b"BLANK")


@lru_cache(maxsize=64)
def _layout(header: bytes, name: str) -> _Layout:
    cards: dict[bytes, float] = {}
    for at in range(0, len(header), _CARD):
        keyword = header[at : at + 8].rstrip()
        if keyword in _NUMBERS and keyword not in cards:
            cards[keyword] = _value(header[at : at + _CARD], keyword, name)
    missing = [key for key in (b"BITPIX", b"NAXIS", b"NAXIS1", b"NAXIS2") if key not in cards]
    if missing or cards[b"NAXIS"] != 2 or cards[b"BITPIX"] not in _TYPES:
        raise BadAlert("stamp-not-fits", f"the {name} stamp is no two-dimensional FITS image")
    return _Layout(len(header), cards)


def _value(card: bytes, keyword: bytes, name: str) -> float:
    text = card[10:].split(b"/")[0].strip()
    try:
        value = float(text.replace(b"D", b"E"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        what = f"{keyword.decode()} in the FITS header of the {name} stamp is {text!r}, no number"
        raise BadAlert("stamp-not-fits", what)
    return value


def crop(pixels: Pixels, side: int) -> Image:
    """Return the central `side` by `side` pixels as native float32."""
    top, left = ((length - side) // 2 for length in pixels.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        return pixels[top : top + side, left : left + side].astype(np.float32)


def normalise(images: Sequence[Sequence[Image]]) -> Image:
    """Stack the channels of each alert and scale each channel to [0, 1].

    From (alerts, channels, side, side) to (alerts, side, side, channels), float32. Each channel
    loses its minimum over non-NaN pixels and is divided by its maximum after that; a constant or
    all-NaN channel becomes zeros, and so does every NaN.
    """
    stack = np.array(images, dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        stack -= np.fmin.reduce(stack, axis=(2, 3), keepdims=True)
        stack /= np.fmax.reduce(stack, axis=(2, 3), keepdims=True)
    np.nan_to_num(stack, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    return np.ascontiguousarray(stack.transpose(0, 2, 3, 1))

"""Read the cards of a FITS header; cards that are not standard are ignored."""

from __future__ import annotations

import re
import struct
from functools import cache

BLOCK = 2880
MAX_BLOCKS = 64
_CARD = 80
_END = b"END" + b" " * 77
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([EeDd][+-]?\d+)?")
_TEXT = re.compile(r"'((?:[^']|'')*)'")
# Most of the values that are asked for: a number between blanks, perhaps before a comment.
_NUMBER_CARD = re.compile(rb"= +([+-]?(?:\d+\.?\d*|\.\d+)(?:[EeDd][+-]?\d+)?) *(?:/|\Z)")
_EXPONENTS = bytes.maketrans(b"Dd", b"EE")


class Header:
    """The cards of a header by keyword; of several cards with one keyword the first counts."""

    def __init__(self, text: bytes) -> None:
        self.size = len(text)
        self.text = text
        whole = len(text) // _CARD * _CARD
        keywords = [keyword for (keyword,) in struct.iter_unpack("8s72x", text[:whole])]
        # From the end, so that the first of two stays.
        self._places = dict(zip(keywords[::-1], range(whole - _CARD, -1, -_CARD), strict=True))

    def __contains__(self, keyword: str) -> bool:
        return _padded(keyword) in self._places

    def value(self, keyword: str) -> float | str | None:
        """Return the number or text of a card; None where there is no value.

        Texts have no quotes and no trailing blanks; a number may be infinite.
        """
        at = self._places.get(_padded(keyword))
        if at is None:
            return None
        if number := _NUMBER_CARD.match(self.text, at + 8, at + _CARD):
            return float(number[1].translate(_EXPONENTS))
        if not self.text.startswith(b"= ", at + 8):
            return None
        field = self.text[at + 10 : at + _CARD].decode("latin-1").lstrip()
        if quoted := _TEXT.match(field):
            return quoted[1].replace("''", "'").rstrip()
        plain = field.split("/")[0].rstrip()
        if _NUMBER.fullmatch(plain):
            return float(plain.upper().replace("D", "E"))
        return plain or None


@cache
def _padded(keyword: str) -> bytes:
    return keyword.ljust(8).encode()


def find_header(plain: bytes, start: int = 0) -> bytes | None:
    """Return the blocks of the header at a place of a FITS file; None where it has no end."""
    limit = min(len(plain), start + MAX_BLOCKS * BLOCK)
    at = plain.find(_END, start, limit)
    while at >= 0:
        end = start + ((at - start) // BLOCK + 1) * BLOCK
        if (at - start) % _CARD == 0 and end <= len(plain):
            return plain[start:end]
        at = plain.find(_END, at + 1, limit)
    return None

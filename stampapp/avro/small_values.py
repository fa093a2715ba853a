"""Decode small values that follow each other by one regular expression.

fastavro reads each value by several calls of Python. One match finds them all, and `struct` unpacks
those of one type at once.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from operator import itemgetter
from typing import Any

from stampapp.avro.reader import Record
from stampapp.avro.skipping import SHORT_BYTES

Encoded = Sequence[bytes]
Decode = Callable[[Encoded], Sequence[object]]


def _decode_long(encoded: bytes) -> int:
    value = 0
    for byte in reversed(encoded):
        value = value << 7 | byte & 0x7F
    return value >> 1 ^ -(value & 1)


_SHORT = {bytes([byte]): _decode_long(bytes([byte])) for byte in range(128)}


def _longs(encoded: Encoded) -> Sequence[object]:
    return [_SHORT[one] if len(one) == 1 else _decode_long(one) for one in encoded]


def _unpack(code: str) -> Decode:
    return lambda encoded: struct.unpack(f"<{len(encoded)}{code}", b"".join(encoded))


# Of nine bytes at most: none that exceeds 64 bits.
_LONG = rb"[\x80-\xff]{0,8}+[\x00-\x7f]"


def _without_length(encoded: bytes) -> bytes:
    return encoded[1:] if encoded[0] < 0x80 else encoded[2:]


_TYPES: dict[str, tuple[bytes, Decode]] = {
    "boolean": (rb"[\x00\x01]", lambda encoded: [one == b"\x01" for one in encoded]),
    "int": (_LONG, _longs),
    "long": (_LONG, _longs),
    "float": (b"." * 4, _unpack("f")),
    "double": (b"." * 8, _unpack("d")),
    "string": (SHORT_BYTES, lambda encoded: [_without_length(one).decode() for one in encoded]),
    "bytes": (SHORT_BYTES, lambda encoded: [*map(_without_length, encoded)]),
}
PYTHON_TYPES: Mapping[str, type] = {
    "null": type(None),
    "boolean": bool,
    "int": int,
    "long": int,
    "float": float,
    "double": float,
    "string": str,
    "bytes": bytes,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class SmallValue:
    """A value: the bytes before it, and the types that it may have by the bytes that mark them.

    These are the numbers of a union's branches; a type outside of a union has no mark.
    """

    name: str
    before: bytes
    types: Mapping[bytes, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Column:
    """The values of one type: their names, and their groups in the expression."""

    names: Sequence[str]
    select: Callable[[Sequence[bytes | None]], Sequence[bytes | None]]
    decode: Decode

    def read(self, groups: Sequence[bytes | None]) -> zip[tuple[str, object]]:
        found = self.select(groups)
        if None in found:
            pairs = [
                (name, one) for name, one in zip(self.names, found, strict=True) if one is not None
            ]
            names, known = [name for name, _ in pairs], [one for _, one in pairs]
            return zip(names, self.decode(known), strict=True)
        return zip(self.names, self.decode(found), strict=True)  # type: ignore[arg-type]  # none is None


class SmallValues:
    """Reads values that follow each other; after them come the bytes `after`."""

    def __init__(self, values: Sequence[SmallValue], after: bytes) -> None:
        places: dict[str, list[tuple[str, int]]] = {}
        numbers = count()
        for value in values:
            for kind in _not_null(value):
                places.setdefault(kind, []).append((value.name, next(numbers)))
        expression = b"".join(map(_expression, values)) + re.escape(after)
        self._match = re.compile(expression, re.DOTALL).match
        # In the order of the values, which the columns are not.
        self._nulls: Record = dict.fromkeys(value.name for value in values)
        self._columns = [_column(kind, found) for kind, found in places.items()]

    def read(self, data: bytes, start: int) -> tuple[Record, int] | None:
        """Return the values that begin at a position by name, and where the bytes after them end.

        Return None where the bytes do not fit.
        """
        found = self._match(data, start)
        if not found:
            return None
        groups, record = found.groups(), self._nulls.copy()
        try:
            for column in self._columns:
                record.update(column.read(groups))
        except UnicodeDecodeError:
            return None
        return record, found.end()


def _not_null(value: SmallValue) -> list[str]:
    return [kind for kind in value.types.values() if kind != "null"]


def _expression(value: SmallValue) -> bytes:
    """Return an expression with a group for each type but null."""
    choices = (_choice(mark, kind) for mark, kind in value.types.items())
    return re.escape(value.before) + b"(?:%s)" % b"|".join(choices)


def _choice(mark: bytes, kind: str) -> bytes:
    return re.escape(mark) + (b"" if kind == "null" else b"(%s)" % _TYPES[kind][0])


def _column(kind: str, places: Sequence[tuple[str, int]]) -> _Column:
    indices = [index for _, index in places]
    one = indices[0]
    select: Any = itemgetter(*indices) if len(indices) > 1 else lambda groups: (groups[one],)
    return _Column(names=[name for name, _ in places], select=select, decode=_TYPES[kind][1])

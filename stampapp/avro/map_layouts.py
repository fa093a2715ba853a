"""Decode maps whose keys have been seen before, in the same order.

Any key may come in any place of a map, but the messages of one sender have the same keys in the
same order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stampapp.avro.reader import Record
from stampapp.avro.small_values import PYTHON_TYPES, SmallValue, SmallValues
from stampapp.avro.writer import encode_long

Keys = tuple[str, ...]
# Anyone can send other keys, and an expression takes a millisecond for each of its texts and 40 µs
# for each other value: so few layouts are kept, and not many are made.
MAX_KEPT, MAX_MADE = 8, 64
MAX_KEYS, MAX_TEXTS = 256, 32
# The numbers of the types in a union have one byte.
MAX_TYPES = 64


def map_layouts(kind: Any) -> MapLayouts | None:
    """Return the layouts of a type; None if it is no map of small values."""
    if not isinstance(kind, dict) or kind["type"] != "map":
        return None
    values = kind["values"]
    types = values if isinstance(values, list) else [values]
    if len(types) > MAX_TYPES or not all(isinstance(one, str) for one in types):
        return None
    if not PYTHON_TYPES.keys() >= set(types):
        return None
    if types is not values:
        return MapLayouts({b"": values})
    return MapLayouts({bytes([2 * number]): one for number, one in enumerate(types)})


class MapLayouts:
    """The layouts of a map, whose values have one of these types, by the bytes that mark it."""

    def __init__(self, types: Mapping[bytes, str]) -> None:
        self._types = types
        self._known: dict[Keys, Mapping[str, frozenset[bytes]]] = {}
        self._readers: dict[Keys, SmallValues] = {}
        self._latest: SmallValues | None = None
        self._missed: Keys = ()
        self._made = 0

    def read(self, data: bytes, start: int) -> tuple[Record, int] | None:
        """Return the map that begins at a position, and where it ends; None for an unknown one."""
        for keys, reader in self._readers.items():
            found = reader.read(data, start)
            if found:
                if reader is not self._latest:
                    self._latest = reader
                    # The next message is probably of the same sender.
                    self._readers = {keys: reader} | self._readers
                return found
        return None

    def learn(self, values: Mapping[str, object]) -> None:
        """Learn the keys and types of a map that was unknown, if that before had the same keys."""
        keys, missed = tuple(values), self._missed
        self._missed = keys
        if keys != missed or len(keys) > MAX_KEYS or self._made == MAX_MADE:
            return
        known = self._known.get(keys, {})
        marks = {
            name: known.get(name, frozenset()) | self._marks(value)
            for name, value in values.items()
        }
        if marks != known and self._count_texts(marks) <= MAX_TEXTS:
            self._made += 1
            self._keep(keys, marks)

    def _marks(self, value: object) -> frozenset[bytes]:
        """Return what may mark a value of the same type; null may come everywhere."""
        usual = (type(value), type(None))
        return frozenset(mark for mark, kind in self._types.items() if PYTHON_TYPES[kind] in usual)

    def _count_texts(self, marks: Mapping[str, frozenset[bytes]]) -> int:
        kinds = [self._types[mark] for found in marks.values() for mark in found]
        return sum(PYTHON_TYPES[kind] in (str, bytes) for kind in kinds)

    def _keep(self, keys: Keys, marks: Mapping[str, frozenset[bytes]]) -> None:
        before = [_length(name) for name in keys]
        # The number of items precedes the first; a block without any ends the map.
        before[0] = encode_long(len(keys)) + before[0]
        values = [
            SmallValue(
                name=name,
                before=key,
                types={mark: self._types[mark] for mark in sorted(marks[name])},
            )
            for name, key in zip(keys, before, strict=True)
        ]
        newest = {keys: SmallValues(values, after=b"\x00")}
        others = [one for one in self._readers if one != keys][: MAX_KEPT - 1]
        self._readers = newest | {one: self._readers[one] for one in others}
        self._known = {keys: marks} | {one: self._known[one] for one in others}


def _length(name: str) -> bytes:
    key = name.encode()
    return encode_long(len(key)) + key

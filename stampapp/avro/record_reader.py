"""Read the records of a schema, without the fields that nobody needs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from stampapp.avro.map_layouts import MapLayouts, map_layouts
from stampapp.avro.reader import (
    MAX_OBJECTS,
    Record,
    count_objects,
    decode_record,
    limit_objects,
)
from stampapp.avro.schema import Schema, named_types, part_of_schema
from stampapp.avro.skipping import Skip, skipper

# A message of the sorting hat has one. A layout takes up to 50 ms, and a schema may have thousands.
MAX_MAPS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """Fields of a record that follow each other.

    A single one, `name`, where it is not needed (`skip`) or a map (`layouts`).
    """

    schema: Schema
    name: str
    skip: Skip | None
    layouts: MapLayouts | None

    def read_quickly(self, data: bytes, start: int, record: Record) -> int:
        """Skip the field or add it to the record; return where it ends, -1 if unknown."""
        if self.skip:
            return self.skip(data, start)
        found = self.layouts and self.layouts.read(data, start)
        if not found:
            return -1
        record[self.name], end = found
        return end


class RecordReader:
    """Reads records of a schema; those of its top-level fields in `unused` are left out."""

    def __init__(self, schema: Schema, unused: frozenset[str] = frozenset()) -> None:
        self._unused = unused & schema.fields
        self._parts = tuple(_parts(schema, self._unused))

    def read(self, data: bytes, start: int) -> tuple[Record, int]:
        """Return the record that begins at a position, and where it ends. Raises BadAlert."""
        record: Record = {}
        body, left = io.BytesIO(data), float(MAX_OBJECTS)
        for part in self._parts:
            end = part.read_quickly(data, start, record)
            if end < 0:
                # What is unknown is read by fastavro, so that what is wrong with it is found.
                body.seek(start)
                # The parts share the limit of the record.
                limited = limit_objects(body, part.schema, len(data) - start, left)
                record |= decode_record(limited, part.schema.parsed, "record")
                end = body.tell()
                left -= count_objects(limited, part.schema, end - start)
                if part.layouts:
                    part.layouts.learn(record[part.name])
            start = end
        for name in self._unused & record.keys():
            del record[name]
        return record, start


def _quick_ways(schema: Schema, unused: frozenset[str]) -> Iterator[Skip | MapLayouts | None]:
    """Yield how each field is skipped or read quickly, None where it is not."""
    named, maps = named_types(schema.parsed), 0
    for field in schema.parsed["fields"]:
        kind = field["type"]
        if field["name"] in unused:
            yield skipper(kind, named)
        else:
            layouts = map_layouts(kind) if maps < MAX_MAPS else None
            maps += layouts is not None
            yield layouts


def _parts(schema: Schema, unused: frozenset[str]) -> Iterator[_Part]:
    found = zip(schema.parsed["fields"], _quick_ways(schema, unused), strict=True)
    for is_quick, group in groupby(found, lambda one: one[1] is not None):
        fields = list(group)
        for part in [[one] for one in fields] if is_quick else [fields]:
            field, way = part[0]
            yield _Part(
                schema=part_of_schema(schema, [one for one, _ in part]),
                name=field["name"],
                skip=None if isinstance(way, MapLayouts) else way,
                layouts=way if isinstance(way, MapLayouts) else None,
            )

"""Read the records of a schema, without the fields that nobody needs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from stampapp.avro.map_layouts import MapLayouts, map_layouts
from stampapp.avro.reader import Record, decode_record, limit_objects
from stampapp.avro.schema import Schema, named_types, part_of_schema
from stampapp.avro.skipping import Skip, skipper


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
        body = io.BytesIO(data)
        for part in self._parts:
            end = part.read_quickly(data, start, record)
            if end < 0:
                # What is unknown is read by fastavro, so that what is wrong with it is found.
                body.seek(start)
                limited = limit_objects(body, part.schema, len(data) - start)
                record |= decode_record(limited, part.schema.parsed, "record")
                end = body.tell()
                if part.layouts:
                    part.layouts.learn(record[part.name])
            start = end
        for name in self._unused & record.keys():
            del record[name]
        return record, start


def _parts(schema: Schema, unused: frozenset[str]) -> Iterator[_Part]:
    named = named_types(schema.parsed)

    def quick(field: Any) -> Skip | MapLayouts | None:
        kind = field["type"]
        return skipper(kind, named) if field["name"] in unused else map_layouts(kind)

    found = [(field, quick(field)) for field in schema.parsed["fields"]]
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

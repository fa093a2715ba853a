"""Read the records of a schema, without the fields that nobody needs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from stampapp.avro.reader import Record, decode_record, limit_objects
from stampapp.avro.schema import Schema, named_types, part_of_schema
from stampapp.avro.skipping import Skip, skipper


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """Fields of a record that follow each other; with `skip` a single one, which is not needed."""

    schema: Schema
    skip: Skip | None


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
            end = part.skip(data, start) if part.skip else -1
            if end < 0:
                # What cannot be skipped is read, so that what is wrong with it is found.
                body.seek(start)
                limited = limit_objects(body, part.schema, len(data) - start)
                record |= decode_record(limited, part.schema.parsed, "record")
                end = body.tell()
            start = end
        for name in self._unused & record.keys():
            del record[name]
        return record, start


def _parts(schema: Schema, unused: frozenset[str]) -> Iterator[_Part]:
    named = named_types(schema.parsed)

    def skip_of(field: Any) -> Skip | None:
        return skipper(field["type"], named) if field["name"] in unused else None

    skips = [(field, skip_of(field)) for field in schema.parsed["fields"]]
    for is_skipped, group in groupby(skips, lambda one: one[1] is not None):
        fields = list(group)
        for part in [[one] for one in fields] if is_skipped else [fields]:
            own = part_of_schema(schema, [field for field, _ in part])
            yield _Part(schema=own, skip=part[0][1])

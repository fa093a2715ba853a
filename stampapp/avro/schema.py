"""Parse and cache writers' schemas; reject those whose values could harm the reader.

Anyone can send a schema, and fastavro's decoder follows it: it recurses in C, loops over values
without bytes, and creates objects that are a thousand times larger than their bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import fastavro

from stampapp.errors import BadAlert

MAX_SCHEMA_BYTES = 2**18
MAX_DEPTH = 64
_NULL = ({"type": "null"}, "null")


# Compared by identity, so that it can be a key.
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Schema:
    """A parsed schema with its JSON text and the names of its top-level fields.

    `objects_per_byte` is the largest number of Python objects per byte of a record, `most_objects`
    that of any record: infinite with arrays and maps.
    """

    text: bytes
    parsed: Any
    fields: frozenset[str]
    objects_per_byte: float
    most_objects: float


class _TypeLimits(NamedTuple):
    """How deep the values of a type nest; their most objects per byte, and at all."""

    depth: int
    objects: float
    most: float


# Every value has at least a byte. Only records make more objects: they have no bytes but those of
# their fields.
_SCALAR = _TypeLimits(1, 1.0, 1.0)


@lru_cache(maxsize=64)
def parse_schema(text: bytes) -> Schema:
    """Parse the JSON text of a schema. Raises BadAlert if it is invalid or harmful."""
    if len(text) > MAX_SCHEMA_BYTES:
        raise BadAlert("schema", f"the Avro schema has more than {MAX_SCHEMA_BYTES} B")
    try:
        parsed = fastavro.parse_schema(json.loads(text, object_hook=_avro_keys_only))
        kind = _limits(parsed, {})
        found = _schema(text, parsed, kind)
    except BadAlert:
        raise
    except Exception as error:
        # fastavro has no common base class for its errors.
        raise BadAlert("schema", f"the Avro schema cannot be parsed: {error}") from error
    if parsed.get("type") != "record":
        raise BadAlert("schema", "the Avro schema is not a record")
    return found


def part_of_schema(schema: Schema, fields: Sequence[Any]) -> Schema:
    """Return the schema of some of a record's fields, which may name types of the others."""
    known: dict[str, _TypeLimits | None] = {}
    _limits(schema.parsed, known)
    parsed = {**schema.parsed, "fields": fields}
    return _schema(schema.text, parsed, _limits(parsed, known))


def named_types(kind: Any) -> dict[str, Any]:
    """Return the definitions of all types within a type that have a name."""
    match kind:
        case list():
            inner = kind
        case {"fields": fields}:
            inner = [field["type"] for field in fields]
        case {"items": item} | {"values": item} | {"type": list() | dict() as item}:
            inner = [item]
        case _:
            inner = []
    own = {kind["name"]: kind} if isinstance(kind, dict) and "name" in kind else {}
    return {name: one for part in inner for name, one in named_types(part).items()} | own


def _schema(text: bytes, parsed: Any, limits: _TypeLimits) -> Schema:
    return Schema(
        text=text,
        parsed=parsed,
        fields=frozenset(str(field["name"]) for field in parsed["fields"]),
        objects_per_byte=limits.objects,
        most_objects=limits.most,
    )


def _avro_keys_only(found: dict[str, Any]) -> dict[str, Any]:
    """Drop the keys by which fastavro marks a schema as checked, and logical types.

    No alert needs logical types, and decoding a decimal of a million digits takes hours.
    """
    return {
        key: value
        for key, value in found.items()
        if not key.startswith("__") and key != "logicalType"
    }


def _limits(schema: Any, known: dict[str, _TypeLimits | None]) -> _TypeLimits:
    """Return the kind of values of a type; reject recursive types and values without bytes.

    A type that contains itself makes the decoder recurse until the process crashes, and a few bytes
    could declare a billion values without bytes: null is allowed in unions only.
    """
    if isinstance(schema, list):
        kinds = [_limits(branch, known) for branch in schema if branch not in _NULL]
        return _nested(kinds, most=max(one.most for one in kinds))
    if isinstance(schema, str):
        found = known.get(schema, _SCALAR)
        if schema == "null" or found is None:
            raise BadAlert("schema", f"the Avro type {schema!r} contains itself or has no bytes")
        return found
    kind = _complex_limits(schema, known)
    if kind.depth > MAX_DEPTH:
        raise BadAlert("schema", f"the Avro schema nests more than {MAX_DEPTH} levels")
    if "name" in schema:
        known[schema["name"]] = kind
    return kind


def _nested(kinds: Sequence[_TypeLimits], own: float = 0.0, most: float = math.inf) -> _TypeLimits:
    depth = 1 + max(one.depth for one in kinds)
    return _TypeLimits(depth, own + max(one.objects for one in kinds), most)


def _complex_limits(schema: Mapping[str, Any], known: dict[str, _TypeLimits | None]) -> _TypeLimits:
    match schema["type"]:
        case "array":
            return _nested([_limits(schema["items"], known)])
        case "map":
            return _nested([_limits(schema["values"], known)])
        case "record" | "error":
            return _record_limits(schema, known)
        case "fixed" if schema["size"] < 1:
            raise BadAlert("schema", f"the Avro type {schema['name']!r} has no bytes")
        case "fixed" | "enum":
            return _SCALAR
        case other:
            return _limits(other, known)


def _record_limits(schema: Mapping[str, Any], known: dict[str, _TypeLimits | None]) -> _TypeLimits:
    known[schema["name"]] = None
    if not schema["fields"]:
        raise BadAlert("schema", f"the Avro record {schema['name']!r} has no fields")
    kinds = [_limits(field["type"], known) for field in schema["fields"]]
    return _nested(kinds, own=1 / len(kinds), most=1 + sum(one.most for one in kinds))

"""Read the fields of a decoded alert record, and check their types."""

from __future__ import annotations

import math
from collections.abc import Mapping

from stampapp.avro.reader import Record
from stampapp.errors import BadAlert

# Names go on into keys and commands: one that fills a message would not fit into theirs.
MAX_NAME = 256


def without(candidate: Mapping[str, object], names: frozenset[str]) -> dict[str, object]:
    """Return the fields that do not have one of these names."""
    return {key: value for key, value in candidate.items() if key not in names}


def cutouts(record: Record, *names: str) -> dict[str, bytes | None]:
    """Return the stamps by lower-case name; `names` are as in cutoutScience."""
    keys = {name.lower(): f"cutout{name}" for name in names}
    return {name: _stamp_data(record, key) for name, key in keys.items()}


def _stamp_data(record: Record, key: str) -> bytes | None:
    if record.get(key) is None:
        return None
    return mapping(record, key).get("stampData")  # type: ignore[return-value]  # checked by fits_image


def nested(record: Mapping[str, object], name: str) -> object:
    """Return the field of a dotted name, None where it is missing."""
    outer, _, inner = name.partition(".")
    value = record.get(outer)
    if not inner:
        return value
    return nested(value, inner) if isinstance(value, dict) else None


def text(record: Mapping[str, object], name: str) -> str:
    """Return a name or number as text. Raises BadAlert where it is empty or too long."""
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise BadAlert("field", f"{name} is {value!r}, a name or number is expected")
    found = str(value)
    if len(found) > MAX_NAME:
        raise BadAlert(
            "field", f"{name} has {len(found)} characters, at most {MAX_NAME} are expected"
        )
    return found


def number(record: Mapping[str, object], name: str) -> float:
    """Return a finite number. Raises BadAlert where it is none."""
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadAlert("field", f"{name} is {value!r}, a finite number is expected")
    return float(value)


def mapping(record: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return a nested record or map. Raises BadAlert where it is none."""
    value = record.get(name)
    if not isinstance(value, dict):
        raise BadAlert("field", f"{name} is {type(value).__name__}, a record is expected")
    return value


def sign(record: Mapping[str, object]) -> int:
    """Return isdiffpos as +1 or -1. Raises BadAlert where it is neither."""
    value = record.get("isdiffpos")
    if value in (1, "t", "1"):
        return 1
    if value in (-1, 0, "f", "0"):
        return -1
    raise BadAlert("field", f"isdiffpos is {value!r}, one of 1, -1, 't', 'f' is expected")


def band(value: object, bands: Mapping[int, str]) -> str:
    """Return the name of a filter, of which old messages give the number."""
    return bands.get(value, str(value)) if isinstance(value, int) else str(value)

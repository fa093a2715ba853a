"""Read the fields of a decoded alert record, and check their types."""

from __future__ import annotations

import math
from collections.abc import Mapping

from stampapp.avro.reader import Record
from stampapp.errors import BadAlert

# Names go on into keys and commands: one that fills a message would not fit into theirs.
MAX_NAME = 256
_ZTF_FILTERS = {1: "g", 2: "r", 3: "i"}


def _without(candidate: Mapping[str, object], moved: frozenset[str]) -> dict[str, object]:
    return {key: value for key, value in candidate.items() if key not in moved}


def _cutouts(record: Record, *names: str) -> dict[str, bytes | None]:
    keys = {name.lower(): f"cutout{name}" for name in names}
    return {name: _stamp_data(record, key) for name, key in keys.items()}


def _stamp_data(record: Record, key: str) -> bytes | None:
    return None if record.get(key) is None else _mapping(record, key).get("stampData")  # type: ignore[return-value]  # likewise


def _text(record: Mapping[str, object], name: str) -> str:
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise BadAlert("field", f"{name} is {value!r}, a name or number is expected")
    text = str(value)
    if len(text) > MAX_NAME:
        raise BadAlert(
            "field", f"{name} has {len(text)} characters, at most {MAX_NAME} are expected"
        )
    return text


def _number(record: Mapping[str, object], name: str) -> float:
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadAlert("field", f"{name} is {value!r}, a finite number is expected")
    return float(value)


def _mapping(record: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = record.get(name)
    if not isinstance(value, dict):
        raise BadAlert("field", f"{name} is {type(value).__name__}, a record is expected")
    return value


def _sign(record: Mapping[str, object]) -> int:
    value = record.get("isdiffpos")
    if value in (1, "t", "1"):
        return 1
    if value in (-1, 0, "f", "0"):
        return -1
    raise BadAlert("field", f"isdiffpos is {value!r}, one of 1, -1, 't', 'f' is expected")


def _filter(value: object) -> str:
    return _ZTF_FILTERS.get(value, str(value)) if isinstance(value, int) else str(value)

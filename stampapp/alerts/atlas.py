"""Message bytes → Alert. What a message is shows in the fields of its schema, not in its topic."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import BinaryIO

from stampapp.alerts.alert import Alert, Survey
from stampapp.avro import reader
from stampapp.avro.reader import Record
from stampapp.avro.schema import Schema
from stampapp.errors import BadAlert

JD_OF_MJD_ZERO = 2400000.5
# Names go on into keys and commands: one that fills a message would not fit into theirs.
MAX_NAME = 256
_ZTF_FILTERS = {1: "g", 2: "r", 3: "i"}
_SORTING_HAT = frozenset({"aid", "oid", "candid", "mjd", "extra_fields", "stamps"})
_RAW = frozenset({"objectId", "candid", "candidate", "cutoutScience", "cutoutDifference"})
_ZTF_MOVED = frozenset({"jd", "fid", "ra", "dec", "magpsf", "sigmapsf", "isdiffpos", "candid"})
_ATLAS_MOVED = frozenset({"mjd", "filter", "RA", "Dec", "Mag", "Dmag", "isdiffpos", "candid"})


def decode(value: bytes | None) -> Alert:
    """Decode one Kafka message: an Avro container with one alert.

    Raises BadAlert for anything else.
    """
    if not value:
        raise BadAlert("empty", "the message has no value")
    found = list(islice(read(io.BytesIO(value), reader.MAX_INFLATED_MESSAGE), 2))
    for one in found:
        if isinstance(one, BadAlert):
            # A frame that holds what it raises is a circle.
            raise one.bare()
    if len(found) != 1 or not isinstance(found[0], Alert):
        number = "more than one record" if found else "no record"
        raise BadAlert("not-one-alert", f"the container holds {number}, one alert is expected")
    return found[0]


def read(
    source: BinaryIO, max_inflated: int = reader.MAX_INFLATED_FILE
) -> Iterator[Alert | BadAlert]:
    """Decode every record of a container, or say what is wrong with it.

    Damage to the container itself ends it, with a BadAlert for whatever would have followed.
    """
    try:
        for schema, record in reader.read(source, max_inflated):
            yield _alert(schema, record)
    except BadAlert as error:
        yield error.bare()


def _alert(schema: Schema, record: Record) -> Alert | BadAlert:
    try:
        return _decoder(schema.fields)(record)
    except BadAlert as error:
        return error.bare()


def _decoder(fields: frozenset[str]) -> Callable[[Record], Alert]:
    if fields >= _SORTING_HAT:
        return _sorting_hat
    if fields >= _RAW:
        return _raw_ztf if "cutoutTemplate" in fields else _raw_atlas
    raise BadAlert(
        "schema",
        "the record is neither a sorting-hat message nor a ZTF or ATLAS packet; it has the fields "
        + ", ".join(sorted(fields)),
    )


def _sorting_hat(record: Record) -> Alert:
    return Alert(
        aid=_text(record, "aid"),
        oid=_text(record, "oid"),
        candid=_text(record, "candid"),
        survey=_survey(record),
        mjd=_number(record, "mjd"),
        fid=_filter(record.get("fid")),
        ra=_number(record, "ra"),
        dec=_number(record, "dec"),
        mag=_number(record, "mag"),
        e_mag=_number(record, "e_mag"),
        isdiffpos=_sign(record),
        extra_fields=_mapping(record, "extra_fields"),
        stamps=_mapping(record, "stamps"),  # type: ignore[arg-type]  # checked by stamps.decode
    )


def _raw_ztf(record: Record) -> Alert:
    candidate = _mapping(record, "candidate")
    return Alert(
        aid=_text(record, "objectId"),
        oid=_text(record, "objectId"),
        candid=_text(record, "candid"),
        survey=Survey.ZTF,
        mjd=_number(candidate, "jd") - JD_OF_MJD_ZERO,
        fid=_filter(candidate.get("fid")),
        ra=_number(candidate, "ra"),
        dec=_number(candidate, "dec"),
        mag=_number(candidate, "magpsf"),
        e_mag=_number(candidate, "sigmapsf"),
        isdiffpos=_sign(candidate),
        extra_fields=_without(candidate, _ZTF_MOVED),
        stamps=_cutouts(record, "Science", "Template", "Difference"),
    )


def _raw_atlas(record: Record) -> Alert:
    candidate = _mapping(record, "candidate")
    return Alert(
        aid=_text(record, "objectId"),
        oid=_text(record, "objectId"),
        candid=_text(record, "candid"),
        survey=Survey.ATLAS,
        mjd=_number(candidate, "mjd"),
        fid=_filter(candidate.get("filter")),
        ra=_number(candidate, "RA"),
        dec=_number(candidate, "Dec"),
        mag=_number(candidate, "Mag"),
        e_mag=_number(candidate, "Dmag"),
        isdiffpos=_sign(candidate),
        extra_fields=_without(candidate, _ATLAS_MOVED),
        stamps=_cutouts(record, "Science", "Difference"),
    )


def _survey(record: Record) -> Survey:
    name = str(record.get("sid") or record.get("tid") or "")
    for survey in Survey:
        if name.upper().startswith(survey):
            return survey
    raise BadAlert("survey", f"the alert is of survey {name!r}, neither ZTF nor ATLAS")


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

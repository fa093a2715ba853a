"""Write alerts as packets of LSST, by a schema of any version or by our own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stampapp import times
from stampapp.alerts.alert import Alert
from stampapp.avro.reader import Record
from stampapp.errors import ConfigError

_CUTOUTS = ("Science", "Template", "Difference")
_PIXEL_FLAGS = (
    *("bad", "cr", "crCenter", "edge", "nodata", "nodataCenter", "interpolated"),
    *("interpolatedCenter", "offimage", "saturated", "saturatedCenter", "suspect"),
    *("suspectCenter", "streak", "streakCenter"),
)
# By type, the fields of a source that our own schema has: what is measured in images.
_SOURCE_FIELDS = {
    "long": ("visit", "detector", "psfNdata", "trailNdata", "dipoleNdata", "bboxSize"),
    "double": ("trailRa", "trailDec", "timeProcessedMjdTai"),
    "float": (
        *("x", "y", "xErr", "yErr", "raErr", "decErr", "snr", "reliability", "extendedness"),
        *("apFlux", "apFluxErr", "psfFlux", "psfFluxErr", "psfChi2", "psfLnL"),
        *("scienceFlux", "scienceFluxErr", "templateFlux", "templateFluxErr"),
        *("ixx", "iyy", "ixy", "ixxPSF", "iyyPSF", "ixyPSF"),
        *("trailFlux", "trailFluxErr", "trailLength", "trailLengthErr", "trailAngle", "trailChi2"),
        *("dipoleMeanFlux", "dipoleMeanFluxErr", "dipoleFluxDiff", "dipoleFluxDiffErr"),
        *("dipoleLength", "dipoleAngle", "dipoleChi2"),
    ),
    "boolean": (
        *("isNegative", "isDipole", "dipoleFitAttempted", "glint_trail", "centroid_flag"),
        *("apFlux_flag", "psfFlux_flag", "shape_flag", "trail_flag_edge", "pixelFlags"),
        *(f"pixelFlags_{name}" for name in _PIXEL_FLAGS),
    ),
}
# Days between an image and its alerts.
_PROCESSING = 1 / 1440
_CAST = {"boolean": bool, "int": int, "long": int, "float": float, "double": float, "string": str}
_EMPTY: Mapping[str, object] = {"bytes": b"", "array": [], "map": {}}


def encode(alert: Alert, schema: Record) -> Record:
    """Return an alert as a record that a packet's schema can write.

    The values are those of the alert and its `extra_fields`. What it lacks is null or the default;
    without either it is zero, false or empty.
    """
    source = _source(alert)
    packet = {
        "alertId": source["diaSourceId"],
        "diaSourceId": source["diaSourceId"],
        "diaSource": source,
        "diaObject": source if source["diaObjectId"] else None,
        "ssSource": source if source["ssObjectId"] else None,
        **{f"cutout{name}": alert.stamps.get(name.lower()) for name in _CUTOUTS},
    }
    return _PacketWriter().record(schema, packet)


def _source(alert: Alert) -> dict[str, object]:
    midpoint, number = times.utc_to_tai(alert.mjd), int(alert.oid)
    in_solar_system = bool(alert.extra_fields.get("ssObjectId"))
    return {
        **alert.extra_fields,
        "diaSourceId": int(alert.candid),
        "diaObjectId": None if in_solar_system else number,
        "ssObjectId": number if in_solar_system else None,
        "midpointMjdTai": midpoint,
        "timeProcessedMjdTai": midpoint + _PROCESSING,
        "band": alert.fid,
        "ra": alert.ra,
        "dec": alert.dec,
        "isNegative": alert.isdiffpos < 0,
    }


def file_schema() -> Record:
    """Return our own schema, for files and the demo: it needs no package of Rubin's."""
    typed = {name: ["null", kind] for kind, names in _SOURCE_FIELDS.items() for name in names}
    ids = {"diaSourceId": "long", "diaObjectId": ["null", "long"], "ssObjectId": ["null", "long"]}
    place = {"midpointMjdTai": "double", "ra": "double", "dec": "double", "band": "string"}
    cutouts = {f"cutout{name}": ["null", "bytes"] for name in _CUTOUTS}
    source = _record_schema("source", {**ids, **place, **typed})
    counts = {"diaObjectId": "long", "nDiaSources": "int"}
    dia_object = ["null", _record_schema("object", counts)]
    parts = {"diaSourceId": "long", "diaSource": source, "diaObject": dia_object}
    return _record_schema("alert", {**parts, **cutouts})


def _record_schema(name: str, types: Mapping[str, object]) -> Record:
    fields = [{"name": field, "type": kind} for field, kind in types.items()]
    return {"type": "record", "name": f"stampapp.lsst.{name}", "fields": fields}


class _PacketWriter:
    """Fills records by their schema, which names a type in full where it occurs again."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}

    def record(self, schema: Record, values: Mapping[str, object]) -> Record:
        """Return the record of a schema with these values, and what else the schema asks for."""
        self._records[schema["name"]] = schema
        return {
            field["name"]: self._value(
                field["type"], _or_default(values.get(field["name"]), field.get("default"))
            )
            for field in schema["fields"]
        }

    def _value(self, kind: Any, value: Any) -> object:
        if isinstance(kind, list):
            branch = next(one for one in kind if one != "null")
            # An image without any problem has all flags, as false.
            if value is None and "null" in kind and branch != "boolean":
                return None
            return self._value(branch, value)
        name = kind["type"] if isinstance(kind, dict) else kind
        if name == "record":
            return self.record(kind, value or {})
        if name in self._records:
            return self.record(self._records[name], value or {})
        return _simple(name, value)


def _or_default(value: object, default: object) -> object:
    return default if value is None else value


def _simple(name: str, value: Any) -> object:
    if cast := _CAST.get(name):
        return cast() if value is None else cast(value)
    if name not in _EMPTY:
        raise ConfigError(f"no packet can be written by this schema: it has the type {name!r}")
    return _EMPTY[name] if value is None else value

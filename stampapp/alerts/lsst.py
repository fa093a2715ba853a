"""The packets of the Vera C. Rubin Observatory's LSST (schemas 7.4 to 11.1)."""

from __future__ import annotations

import math
from collections.abc import Mapping

from stampapp import times
from stampapp.alerts import lsst_packet
from stampapp.alerts.alert import Alert
from stampapp.alerts.packet_format import PacketEncoding, PacketFormat
from stampapp.alerts.record_fields import mapping, number, text
from stampapp.alerts.surveys import Survey
from stampapp.avro.reader import Record
from stampapp.errors import BadAlert

_CUTOUTS = ("Science", "Template", "Difference")
_OBJECT_IDS = ("diaObjectId", "ssObjectId")
_DETECTIONS = "nDiaSources"
# The AB magnitude of 1 nJy.
_ZERO_POINT = 31.4
_MAGNITUDES_PER_E = 2.5 / math.log(10.0)


def decode(record: Record) -> Alert:
    """Return the alert in a packet. Raises BadAlert where a field is missing or wrong.

    `mjd` is in UTC; `extra_fields` has all fields of the source, among them `midpointMjdTai` as it
    is, fluxes in nJy, and both object ids, 0 for the absent one; also `nDiaSources`, the number of
    detections of the object, where the packet has it.
    """
    source = mapping(record, "diaSource")
    ids = {name: _object_id(source, name) for name in _OBJECT_IDS}
    object_id = str(_only_id(ids))
    flux, error = _flux(source, "psfFlux"), _flux(source, "psfFluxErr")
    return Alert(
        aid=object_id,
        oid=object_id,
        candid=text(source, "diaSourceId"),
        survey=Survey.LSST,
        mjd=times.tai_to_utc(number(source, "midpointMjdTai")),
        fid=str(source.get("band") or "?"),
        ra=number(source, "ra"),
        dec=number(source, "dec"),
        mag=_magnitude(flux),
        e_mag=_error(flux, error),
        isdiffpos=_sign(source, flux),
        extra_fields={**source, **ids, **_detections(record)},
        stamps={name.lower(): record.get(f"cutout{name}") for name in _CUTOUTS},
    )


def _object_id(source: Mapping[str, object], name: str) -> int:
    value = source.get(name)
    if value is None:
        return 0
    if type(value) is not int or value < 0:
        raise BadAlert("field", f"{name} is {value!r}, a whole number from 0 is expected")
    return value


def _detections(record: Record) -> dict[str, object]:
    dia_object = record.get("diaObject")
    if isinstance(dia_object, dict) and dia_object.get(_DETECTIONS) is not None:
        return {_DETECTIONS: dia_object[_DETECTIONS]}
    return {}


def _only_id(ids: Mapping[str, int]) -> int:
    found = [value for value in ids.values() if value]
    if len(found) != 1:
        names = " and ".join(f"{name} {value}" for name, value in ids.items())
        raise BadAlert("field", f"the packet has {names}: exactly one is expected")
    return found[0]


def _flux(source: Mapping[str, object], name: str) -> float | None:
    """Return a flux that was measured and is no zero, else None: it has no magnitude."""
    value = source.get(name)
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return number(source, name) or None


def _magnitude(flux: float | None) -> float:
    return math.inf if flux is None else _ZERO_POINT - 2.5 * math.log10(abs(flux))


def _error(flux: float | None, error: float | None) -> float:
    return math.inf if flux is None or error is None else _MAGNITUDES_PER_E * error / abs(flux)


def _sign(source: Mapping[str, object], flux: float | None) -> int:
    negative = source.get("isNegative")
    return -1 if ((flux or 0.0) < 0 if negative is None else negative) else 1


PLUGIN = PacketFormat(
    fields=frozenset({"diaSource", *(f"cutout{name}" for name in _CUTOUTS)}),
    decode=decode,
    object_fields=("diaSource.diaObjectId", "diaSource.ssObjectId"),
    candid_fields=("diaSource.diaSourceId", "diaSourceId"),
    bands={},
    position_error=0.02,
    # No number of Rubin, nor a packed designation of the Minor Planet Center, begins so.
    simulated_prefix="9000",
    detections_field=_DETECTIONS,
    encoding=PacketEncoding(
        encode=lsst_packet.encode, file_schema=lsst_packet.file_schema, schema_id=1000
    ),
    schema_package="lsst.alert.packet",
    in_sorting_hat=False,
    # Hundreds of kB, by their names in all versions.
    unused_fields=frozenset(
        {
            *("prvDiaSources", "prvDiaForcedSources", "prvDiaNondetectionLimits"),
            *("ssObject", "ssSource", "MPCORB", "mpc_orbits"),
        }
    ),
)

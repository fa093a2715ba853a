"""Alerts become packets of any version, and come back the same."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import fastavro
import pytest

from stampapp.alerts import lsst, lsst_packet
from stampapp.alerts.alert import Alert
from stampapp.errors import ConfigError
from tests.support.lsst_alerts import OBJECT, lsst_alert

RECORD: dict[str, Any] = {"type": "record", "name": "v0.source", "fields": []}


def written(alert: Alert, schema: dict[str, Any]) -> dict[str, Any]:
    """Return what a reader finds in the packet of an alert."""
    buffer, parsed = io.BytesIO(), fastavro.parse_schema(schema)
    fastavro.schemaless_writer(buffer, parsed, lsst_packet.encode(alert, schema))
    buffer.seek(0)
    found = fastavro.schemaless_reader(buffer, parsed, None)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", ["diaObjectId", "ssObjectId"])
def test_a_packet_by_our_own_schema_is_the_alert(name: str) -> None:
    alert = lsst_alert()
    extra = {**alert.extra_fields, name: OBJECT}
    found = lsst.decode(written(replace(alert, extra_fields=extra), lsst_packet.file_schema()))
    assert (found.aid, found.oid, found.candid) == (alert.aid, alert.oid, alert.candid)
    assert found.extra_fields[name] == OBJECT
    assert found.mjd == pytest.approx(alert.mjd, abs=1e-9)
    assert (found.ra, found.dec, found.fid) == (alert.ra, alert.dec, alert.fid)
    assert (found.isdiffpos, found.stamps) == (-1, alert.stamps)
    assert {key: found.extra_fields[key] for key in alert.extra_fields} == alert.extra_fields


def test_a_packet_by_our_own_schema_has_the_number_of_detections() -> None:
    alert = lsst_alert()
    extra = {**alert.extra_fields, "nDiaSources": 17}
    found = written(replace(alert, extra_fields=extra), lsst_packet.file_schema())
    assert found["diaObject"] == {"diaObjectId": OBJECT, "nDiaSources": 17}


def test_an_object_without_a_number_of_the_solar_system_is_a_dia_object() -> None:
    source = written(lsst_alert(), lsst_packet.file_schema())["diaSource"]
    assert (source["diaObjectId"], source["ssObjectId"]) == (OBJECT, None)


def test_what_the_alert_lacks_is_filled_by_type_and_default() -> None:
    types: dict[str, Any] = {
        "diaObjectId": "long",
        "ssObjectId": "long",
        "detector": "int",
        "visit": "long",
        "x": "float",
        "word": ["null", "string"],
        "plain": "string",
        "flag": ["null", "boolean"],
        "list": {"type": "array", "items": "long"},
    }
    fields = [{"name": name, "type": kind} for name, kind in types.items()]
    fields.append({"name": "given", "type": "int", "default": 5})
    source = RECORD | {"fields": fields}
    outer: list[dict[str, Any]] = [
        {"name": "alertId", "type": "long"},
        {"name": "diaSource", "type": source},
        {"name": "previous", "type": "v0.source"},
        {"name": "older", "type": ["null", "v0.source"]},
    ]
    found = written(lsst_alert(), {"type": "record", "name": "v0.alert", "fields": outer})
    assert found["alertId"] == OBJECT + 2
    assert found["diaSource"] == {
        "diaObjectId": OBJECT,
        "ssObjectId": 0,
        "detector": 7,
        "visit": 0,
        "x": 0.0,
        "word": None,
        "plain": "",
        "flag": False,
        "list": [],
        "given": 5,
    }
    assert found["previous"]["detector"] == 0
    assert found["older"] is None


def test_a_type_that_no_version_has_is_refused() -> None:
    fields = [{"name": "kind", "type": {"type": "enum", "name": "v0.kind", "symbols": ["a"]}}]
    with pytest.raises(ConfigError, match="it has the type 'enum'"):
        lsst_packet.encode(lsst_alert(), RECORD | {"fields": fields})

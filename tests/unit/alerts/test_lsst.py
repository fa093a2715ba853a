"""Packets of every version of Rubin's schemas, and real ones."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import fastavro
import pytest

from stampapp import times
from stampapp.alerts import lsst, packets
from stampapp.errors import BadAlert
from tests.support.lsst_alerts import OBJECT, lsst_alert
from tests.support.lsst_schemas import IDS, SCHEMAS, schema_json, wire_packet

# These are what Rubin's own files are named after, and what they hold.
REAL = "lsst_raw/*.msg"


def source(**fields: object) -> dict[str, Any]:
    found = {"diaSourceId": 1, "diaObjectId": OBJECT, "ssObjectId": 0, "midpointMjdTai": 61000.0}
    return {**found, "ra": 1.0, "dec": 2.0, "band": "r", "psfFlux": 1000.0, "psfFluxErr": 10.0} | {
        **fields
    }


def decoded(**fields: object) -> Any:
    return lsst.decode({"diaSource": source(**fields)})


@pytest.mark.parametrize("number", IDS)
def test_a_packet_of_each_version_is_the_alert(number: int) -> None:
    alert = lsst_alert()
    found = packets.decode_alert(wire_packet(number, alert), SCHEMAS)
    assert (found.aid, found.oid, found.candid) == (alert.aid, alert.oid, alert.candid)
    assert found.mjd == pytest.approx(alert.mjd, abs=1e-9)
    assert (found.isdiffpos, found.stamps) == (alert.isdiffpos, alert.stamps)
    assert found.mag == pytest.approx(31.4 - 2.5 * math.log10(1024))
    assert type(found.extra_fields["diaObjectId"]) is int
    assert found.extra_fields["ssObjectId"] == 0
    known = {field["name"] for field in schema_json(number)["fields"]}
    # The first versions named the packet otherwise.
    assert known & {"alertId", "diaSourceId"}


@pytest.mark.parametrize("number", IDS)
def test_a_solar_system_object_of_each_version_has_its_own_number(number: int) -> None:
    alert = lsst_alert(extra_fields={**lsst_alert().extra_fields, "ssObjectId": OBJECT})
    found = packets.decode_alert(wire_packet(number, alert), SCHEMAS)
    assert found.aid == str(OBJECT)
    assert (found.extra_fields["ssObjectId"], found.extra_fields["diaObjectId"]) == (OBJECT, 0)


@pytest.mark.parametrize("number", [one for one in IDS if one >= 900])
def test_a_packet_says_how_often_its_object_was_detected(number: int) -> None:
    alert = lsst_alert(extra_fields={**lsst_alert().extra_fields, "nDiaSources": 17})
    found = packets.decode_alert(wire_packet(number, alert), SCHEMAS)
    assert found.extra_fields["nDiaSources"] == 17


@pytest.mark.parametrize("dia_object", [None, {}, {"nDiaSources": None}])
def test_the_number_of_detections_may_be_missing(dia_object: object) -> None:
    found = lsst.decode({"diaSource": source(), "diaObject": dia_object})
    assert "nDiaSources" not in found.extra_fields


@pytest.mark.parametrize("value", [None, math.nan, 0.0])
def test_a_flux_that_was_not_measured_has_no_magnitude(value: float | None) -> None:
    found = decoded(psfFlux=value, psfFluxErr=value)
    assert (found.mag, found.e_mag, found.isdiffpos) == (math.inf, math.inf, 1)


def test_the_sign_is_that_of_the_flux_where_the_version_does_not_say_it() -> None:
    assert decoded(psfFlux=-5.0).isdiffpos == -1
    assert decoded(psfFlux=-5.0, isNegative=False).isdiffpos == 1
    assert decoded(psfFlux=5.0, isNegative=True).isdiffpos == -1


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"ssObjectId": 5}, "exactly one"),
        ({"diaObjectId": None}, "exactly one"),
        ({"diaObjectId": 5.0}, "a whole number"),
        ({"diaObjectId": -OBJECT}, "a whole number from 0"),
        ({"diaObjectId": OBJECT, "ssObjectId": -1}, "a whole number from 0"),
        ({"midpointMjdTai": math.nan}, "midpointMjdTai"),
        ({"ra": None}, "ra"),
    ],
)
def test_what_is_wrong_in_a_source_is_named(fields: dict[str, object], says: str) -> None:
    with pytest.raises(BadAlert, match=says) as error:
        decoded(**fields)
    assert error.value.cause == "field"


def test_real_packets_keep_every_digit(shared_data: Path) -> None:
    paths = sorted(shared_data.glob(REAL))
    assert len(paths) == 17
    for path in paths:
        value = path.read_bytes()
        with path.open("rb") as file:
            file.seek(5)
            record: Any = fastavro.schemaless_reader(
                file, fastavro.parse_schema(schema_json(int.from_bytes(value[1:5], "big"))), None
            )
        found, expected = packets.decode_alert(value, SCHEMAS), record["diaSource"]
        ids = {expected["diaObjectId"] or 0, expected["ssObjectId"] or 0}
        assert {int(found.aid), 0} == ids
        assert found.candid == path.name.split(".")[0] == str(expected["diaSourceId"])
        assert found.mjd == times.tai_to_utc(expected["midpointMjdTai"])
        assert found.extra_fields["midpointMjdTai"] == expected["midpointMjdTai"]
        assert found.stamps["science"] == record["cutoutScience"]
        with path.open("rb") as file:
            (again,) = packets.decode_records(file, SCHEMAS)
        # As text, because NaN is not equal to itself.
        assert repr(again) == repr(found)

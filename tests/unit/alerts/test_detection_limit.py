"""Which alerts are over MAX_DETECTIONS, by their own word."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest

from stampapp.alerts import packets
from stampapp.alerts.detection_limit import DetectionLimit, count_detections
from stampapp.alerts.surveys import Survey
from stampapp.errors import ConfigError
from tests.support.alerts import alert, container, record
from tests.support.lsst_alerts import OBJECT, lsst_alert
from tests.support.lsst_schemas import SCHEMAS, wire_packet

ZTF = DetectionLimit(survey=Survey.ZTF, most=5)
LSST = DetectionLimit(survey=Survey.LSST, most=1)


@pytest.mark.parametrize(
    ("detections", "exceeded"), [(1, False), (5, False), (5.0, False), (6, True), (6.0, True)]
)
def test_an_alert_is_over_the_limit_by_its_number(detections: float, exceeded: bool) -> None:
    assert ZTF.is_exceeded(alert({"ndethist": detections})) is exceeded


@pytest.mark.parametrize("value", [None, "6", True, math.nan, math.inf, b"6"])
def test_an_alert_that_does_not_say_is_not_over_the_limit(value: object) -> None:
    assert count_detections(alert({"ndethist": value})) is None
    assert not ZTF.is_exceeded(alert({"ndethist": value}))


def test_an_alert_without_the_field_is_not_over_the_limit() -> None:
    found = packets.decode_alert(container(record(extra_fields={"ssdistnr": -999.0})))
    assert count_detections(found) is None
    assert not ZTF.is_exceeded(found)


def test_an_alert_of_another_survey_is_left_to_the_classifier() -> None:
    """It becomes a dead letter, which says that the topic is wrong."""
    assert not LSST.is_exceeded(alert({"nDiaSources": 9}))


@pytest.mark.parametrize(("number", "exceeded"), [(704, False), (800, True), (1101, True)])
def test_a_packet_of_a_known_object_of_each_kind_of_schema(number: int, exceeded: bool) -> None:
    """The first schema has no number of detections."""
    known = lsst_alert(extra_fields={**lsst_alert().extra_fields, "nDiaSources": 2})
    found = packets.decode_alert(wire_packet(number, known), SCHEMAS)
    assert LSST.is_exceeded(found) is exceeded


def test_an_alert_of_the_solar_system_has_no_object_with_a_number() -> None:
    fields = {**lsst_alert().extra_fields, "ssObjectId": OBJECT}
    packet = wire_packet(1000, lsst_alert(extra_fields=fields), diaObject=None)
    assert not LSST.is_exceeded(packets.decode_alert(packet, SCHEMAS))


def test_a_survey_whose_alerts_do_not_say_refuses_the_limit() -> None:
    with pytest.raises(ConfigError, match="the alerts of ATLAS do not say how often") as failure:
        DetectionLimit(survey=Survey.ATLAS, most=1)
    assert str(failure.value).endswith("remove the setting")


def test_real_packets_and_messages_say_it(shared_data: Path) -> None:
    raw = [packets.decode_alert(one.read_bytes()) for one in (shared_data / "ztf_raw").glob("*")]
    with (shared_data / "ztf_sorting_hat.avro").open("rb") as file:
        found = [one for one in packets.decode_records(file) if not isinstance(one, Exception)]
    by_candid = {one.candid: count_detections(one) for one in found}
    assert all(count_detections(one) == by_candid[one.candid] for one in raw)
    assert Counter(count == 1 for count in by_candid.values() if count) == {True: 26, False: 196}


def test_real_packets_of_lsst_count_this_detection(shared_data: Path) -> None:
    paths = sorted((shared_data / "lsst_raw").glob("*.msg"))
    found = [packets.decode_alert(one.read_bytes(), SCHEMAS) for one in paths]
    known = [count_detections(one) for one in found if not one.extra_fields["ssObjectId"]]
    assert Counter(known) == {1: 12, 17: 1, 377: 1, 392: 1}
    assert [count_detections(one) for one in found].count(None) == 2

from __future__ import annotations

import io
import struct
from dataclasses import replace
from pathlib import Path

import fastavro
import pytest

from stampapp.alerts import packets
from stampapp.alerts.alert import Alert, LabelledAlert
from stampapp.alerts.installed_schemas import installed_schemas
from stampapp.alerts.surveys import Survey
from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.errors import ConfigError
from stampapp.feeds.alert_encoding import (
    WireSchema,
    file_format,
    message_encoder,
    own_schemas,
    published_schema,
)
from stampapp.feeds.avro_writer import write_alerts
from stampapp.feeds.unfinished_alerts import SimulationSource
from tests.support.alerts import alert
from tests.support.lsst_alerts import OBJECT, lsst_alert


@pytest.mark.parametrize("survey", [Survey.ZTF, Survey.ATLAS])
def test_without_packets_of_its_own_a_survey_has_the_sorting_hats_messages(survey: Survey) -> None:
    wire = WireSchema(schema_id=1000, schema={})
    for encode in (message_encoder(survey), message_encoder(survey, wire)):
        found = packets.decode_alert(encode(alert(survey=survey)))
        assert (found.aid, found.survey) == (alert().aid, survey)


def test_a_packet_is_published_in_a_container_or_in_wire_format() -> None:
    schema, _ = file_format(Survey.LSST)
    one = lsst_alert()
    assert packets.decode_alert(message_encoder(Survey.LSST)(one)).aid == one.aid
    value = message_encoder(Survey.LSST, WireSchema(schema_id=1101, schema=schema))(one)
    assert struct.unpack(">bI", value[:5]) == (0, 1101)
    found = fastavro.schemaless_reader(io.BytesIO(value[5:]), fastavro.parse_schema(schema), None)
    assert isinstance(found, dict)
    assert found["diaSource"]["diaObjectId"] == OBJECT


def test_a_file_holds_packets_of_one_survey(tmp_path: Path) -> None:
    some = [
        LabelledAlert(alert=replace(lsst_alert(), candid=str(OBJECT + number)), label="SN")
        for number in range(3)
    ]
    source = SimulationSource(survey=Survey.LSST, seed=7)
    assert write_alerts(some, tmp_path / "sky.avro", tmp_path / "labels.csv", source) == 3
    with (tmp_path / "sky.avro").open("rb") as file:
        found = list(packets.decode_records(file))
    assert [one.candid for one in found if isinstance(one, Alert)] == [
        one.alert.candid for one in some
    ]


def test_our_own_schemas_are_numbered_from_1() -> None:
    found = own_schemas()
    assert {survey: one.schema_id for survey, one in found.items()} == {Survey.LSST: 1}
    value = message_encoder(Survey.LSST, found[Survey.LSST])(lsst_alert())
    assert value.startswith(b"\0\0\0\0\1")


def test_packets_are_published_by_the_default_schema_or_that_of_a_version() -> None:
    schemas = MessageSchemas(installed_schemas())
    for schema_id, expected in ((None, 1000), (704, 704), (1101, 1101)):
        wire = published_schema(Survey.LSST, schema_id, schemas)
        assert wire
        assert wire.schema_id == expected
        found = packets.decode_alert(message_encoder(Survey.LSST, wire)(lsst_alert()), schemas)
        assert (found.oid, found.candid) == (str(OBJECT), str(OBJECT + 2))


def test_a_schema_that_is_unknown_or_of_no_use_is_the_users_error() -> None:
    with pytest.raises(
        ConfigError, match=r"LSST alerts need a schema to be published: .*SCHEMA_PATH"
    ):
        published_schema(Survey.LSST, 1000, NO_SCHEMAS)
    with pytest.raises(ConfigError, match="ZTF alerts are published without a schema's id"):
        published_schema(Survey.ZTF, 1000, NO_SCHEMAS)


@pytest.mark.parametrize("survey", Survey)
def test_without_any_source_of_schemas_alerts_are_published_as_containers(survey: Survey) -> None:
    assert published_schema(survey, None, NO_SCHEMAS) is None

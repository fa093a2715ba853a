from __future__ import annotations

import io
import json
import struct
from datetime import UTC, datetime
from typing import Any

import fastavro
import pytest

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.errors import BadAlert
from stampapp.results.encoding import encode_prediction, message_key
from stampapp.results.message_format import MessageOptions
from stampapp.results.output_format import OutputEncoding
from stampapp.results.published_result import read_result
from stampapp.results.scribe_commands import encode_commands
from tests.support.lsst_alerts import lsst_alert
from tests.support.results import options, prediction

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OBJECT, KNOWN, SOURCE = 170094456277565473, 21163641955762498, 170094456480989258
# As ALeRCE's Rubin step publishes it.
SCHEMA = {
    "type": "record",
    "name": "alerce.rubin_stamp_classifier_step.RubinStampClassifierOutput",
    "fields": [
        {"name": "diaObjectId", "type": "long"},
        {"name": "ssObjectId", "type": "long"},
        {"name": "diaSourceId", "type": "long"},
        {"name": "probabilities", "type": {"type": "map", "values": "double"}},
        {"name": "midpointMjdTai", "type": "double"},
        {"name": "ra", "type": "double"},
        {"name": "dec", "type": "double"},
    ],
}


def packet(dia: int | None = OBJECT, known: int | None = 0, **extra: object) -> Alert:
    """Return an alert of one of the two kinds of objects."""
    ids = {"diaObjectId": dia, "ssObjectId": known, "diaSourceId": SOURCE}
    name = str(dia or known)
    fields = {**ids, "midpointMjdTai": 61000.5, **extra}
    return lsst_alert(aid=name, oid=name, candid=str(SOURCE), extra_fields=fields)


def bare() -> MessageOptions:
    return options(Survey.LSST, encoding=OutputEncoding.BARE)


def decoded(value: bytes) -> Any:
    source = io.BytesIO(value)
    found = fastavro.schemaless_reader(source, fastavro.parse_schema(SCHEMA), None)
    assert source.read() == b""
    return found


def expected(dia: int, known: int) -> dict[str, object]:
    return {
        "diaObjectId": dia,
        "ssObjectId": known,
        "diaSourceId": SOURCE,
        "probabilities": {"SN": 0.75, "bogus": 0.25},
        "midpointMjdTai": 61000.5,
        "ra": 150.25,
        "dec": -2.5,
    }


@pytest.mark.parametrize(("dia", "known"), [(OBJECT, 0), (0, KNOWN), (2**63 - 1, None)])
def test_a_bare_datum_is_that_of_the_contract(dia: int, known: int | None) -> None:
    value = encode_prediction(prediction(of=packet(dia, known)), bare(), NOON)
    assert decoded(value) == expected(dia, known or 0)


def test_a_bare_datum_has_exactly_these_bytes() -> None:
    value = encode_prediction(prediction(of=packet(1, 0)), bare(), NOON)
    source = fastavro_long(SOURCE)
    probabilities = b"\x04\x04SN" + struct.pack("<d", 0.75) + b"\x0abogus" + struct.pack("<d", 0.25)
    numbers = struct.pack("<3d", 61000.5, 150.25, -2.5)
    assert value == b"\x02\x00" + source + probabilities + b"\x00" + numbers


def fastavro_long(value: int) -> bytes:
    file = io.BytesIO()
    fastavro.schemaless_writer(file, "long", value)
    return file.getvalue()


def test_a_container_has_the_schema_of_the_contract() -> None:
    value = encode_prediction(prediction(of=packet()), options(Survey.LSST), NOON)
    reader = fastavro.reader(io.BytesIO(value))
    assert list(reader) == [expected(OBJECT, 0)]
    written: Any = reader.writer_schema
    assert (written["name"], written["fields"]) == (SCHEMA["name"], SCHEMA["fields"])


@pytest.mark.parametrize("encoding", OutputEncoding)
@pytest.mark.parametrize(("dia", "known"), [(OBJECT, 0), (0, KNOWN)])
def test_an_output_is_read_back(encoding: OutputEncoding, dia: int, known: int) -> None:
    chosen = options(Survey.LSST, encoding=encoding)
    found = read_result(encode_prediction(prediction(of=packet(dia, known)), chosen, NOON))
    assert found
    assert (found.aid, found.probabilities) == (str(dia or known), {"SN": 0.75, "bogus": 0.25})
    assert found.others["diaSourceId"] == SOURCE


@pytest.mark.parametrize(
    ("dia", "known", "oid", "sid"), [(OBJECT, 0, OBJECT, 1), (0, KNOWN, KNOWN, 2)]
)
def test_there_is_a_command_for_each_class(dia: int, known: int, oid: int, sid: int) -> None:
    commands = encode_commands(prediction(of=packet(dia, known)), options(Survey.LSST))
    assert [one.key for one in commands] == [str(oid).encode()] * 2
    assert commands[0].value == (
        b'{"step": "probability-archival-step", "survey": "lsst", "payload":'
        b' {"oid": %d, "sid": %d, "classifier_id": 7, "classifier_version": 123,'
        b' "class_id": 0, "probability": 0.75, "ranking": 1, "lastmjd": 61000.5}}' % (oid, sid)
    )
    second = json.loads(commands[1].value)["payload"]
    assert (second["class_id"], second["ranking"], second["probability"]) == (-1, 2, 0.25)


def test_keys_name_the_object() -> None:
    assert message_key(prediction(of=packet()).classification) == str(OBJECT).encode()


@pytest.mark.parametrize(
    "extra",
    [
        {"midpointMjdTai": None},
        {"midpointMjdTai": float("nan")},
        {"diaObjectId": float(OBJECT)},
        {"diaSourceId": 2**63},
        {"ssObjectId": "1"},
    ],
)
def test_an_alert_without_a_field_of_the_output_cannot_be_published(extra: dict[str, Any]) -> None:
    one = packet(**extra)
    with pytest.raises(BadAlert, match=next(iter(extra))):
        options(Survey.LSST).check_alert(one)
    options(Survey.LSST).check_alert(packet())


def test_every_alert_has_an_output() -> None:
    assert options(Survey.LSST).output.every_alert
    assert not options(Survey.ZTF).output.every_alert

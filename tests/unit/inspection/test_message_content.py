from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampapp.alerts.surveys import Survey
from stampapp.deadletters.encoding import dead_letter_headers
from stampapp.deadletters.record import ReplayMark, replay_mark_headers
from stampapp.errors import BadAlert
from stampapp.inspection.message_content import MessageKind, is_about, read_content
from stampapp.kafka.message import Message, TopicPartitionOffset
from stampapp.results import encoding
from stampapp.results.encoding import encode_prediction
from stampapp.results.message_format import ScribeFormat
from stampapp.results.outcome import Outcome, OutcomeKind
from stampapp.results.output_format import OutputEncoding
from stampapp.results.provenance import headers_for_batch
from stampapp.results.scribe_commands import encode_commands
from stampapp.results.ztf import database_oid
from tests.support.alerts import alert, container, message, record, record_schema
from tests.support.fake_classifier import classification
from tests.support.lsst_alerts import OBJECT, lsst_alert
from tests.support.lsst_schemas import SCHEMAS, wire_packet
from tests.support.packets import raw_atlas, raw_ztf
from tests.support.results import options, output_message, prediction, update_command
from tests.unit.results.test_lsst import KNOWN, packet
from tests.unit.results.test_lsst import SOURCE as SOURCE_ID

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALERT = alert()
CLASSIFICATION = classification(ALERT)
SOURCE = message(17)


def dead_letter(value: bytes) -> Message:
    error = BadAlert("stamp-damaged", "gzip says no")
    bad = Outcome(kind=OutcomeKind.DEAD_LETTERED, error=error)
    (headers,) = headers_for_batch([SOURCE], [bad], "group")
    return message(3, value, topic="dead", headers=dead_letter_headers(SOURCE, error, headers))


# Containers have a random sync marker, so they cannot be test ids.
@pytest.mark.parametrize(
    "value", [container(record()), raw_ztf(), raw_atlas()], ids=["sorting-hat", "ztf", "atlas"]
)
def test_alert_content_has_no_bytes(value: bytes) -> None:
    found = read_content(message(value=value))
    assert found.kind is MessageKind.ALERT
    assert found.alert
    assert found.content["aid"] == found.alert.aid
    assert found.content["stamps"].keys() == found.alert.stamps.keys()
    assert "B, " in found.content["stamps"]["science"]
    assert len(json.dumps(found.content)) < 2000


def test_prediction_has_probabilities_and_source() -> None:
    outcome = Outcome(kind=OutcomeKind.CLASSIFIED, alert=ALERT, classification=CLASSIFICATION)
    (headers,) = headers_for_batch([SOURCE], [outcome], "group")
    found = read_content(message(value=output_message(CLASSIFICATION, NOON), headers=headers))
    assert found.kind is MessageKind.PREDICTION
    assert found.content["probabilities"] == pytest.approx(dict(CLASSIFICATION.probabilities))
    assert found.content["class_name"] == CLASSIFICATION.class_name
    assert found.content["published"] == "2026-03-01T12:00:00.000Z"
    assert found.content["source"] == "alerts:0:17"
    assert found.names == {ALERT.aid}


def test_predictions_of_other_programs_are_decoded() -> None:
    pair = record_schema(class_name="string", probability="double") | {"name": "pair"}
    schema = record_schema(aid="string", classifications={"type": "array", "items": pair})
    value = container({"aid": "A", "classifications": []}, schema=schema)
    found = read_content(message(value=value))
    assert (found.kind, found.content["class_name"]) == (MessageKind.PREDICTION, None)
    assert found.content["classifier_name"] is None


@pytest.mark.parametrize("published", [2**62, -(2**62), None])
def test_impossible_time_is_none(published: int | None) -> None:
    pair = record_schema(class_name="string", probability="double") | {"name": "pair"}
    classes = {"type": "array", "items": pair}
    prediction: dict[str, Any] = {"aid": "A", "classifications": []}
    prediction["brokerPublishTimestamp"] = published
    schema = record_schema(
        aid="string", classifications=classes, brokerPublishTimestamp=["null", "long"]
    )
    found = read_content(message(value=container(prediction, schema=schema)))
    assert (found.kind, found.content["published"]) == (MessageKind.PREDICTION, None)


def test_command_content_is_unchanged() -> None:
    found = read_content(message(value=update_command(CLASSIFICATION).value))
    assert found.kind is MessageKind.COMMAND
    assert found.content["criteria"] == {"_id": ALERT.aid}
    assert found.names == {ALERT.aid}


@pytest.mark.parametrize("encoding", OutputEncoding)
def test_output_of_the_rubin_step_has_its_ids(encoding: OutputEncoding) -> None:
    value = encode_prediction(
        prediction(of=packet(0, KNOWN)), options(Survey.LSST, encoding=encoding), NOON
    )
    found = read_content(message(value=value, key=None))
    assert found.kind is MessageKind.PREDICTION
    assert (found.content["ssObjectId"], found.content["diaSourceId"]) == (KNOWN, SOURCE_ID)
    assert found.content["class_name"] == "SN"
    assert found.names == {str(KNOWN)}
    assert is_about(message(value=value, key=None), str(KNOWN))


def test_bare_output_has_its_source() -> None:
    outcome = Outcome(kind=OutcomeKind.CLASSIFIED, alert=ALERT, classification=CLASSIFICATION)
    (headers,) = headers_for_batch([SOURCE], [outcome], "group")
    value = encode_prediction(prediction(), options(encoding=OutputEncoding.BARE), NOON)
    found = read_content(message(value=value, headers=headers))
    assert (found.kind, found.content["source"]) == (MessageKind.PREDICTION, "alerts:0:17")


@pytest.mark.parametrize("name", ["ZTF20abcdefg", str(database_oid(ALERT))])
def test_a_command_per_class_is_about_the_object(name: str) -> None:
    chosen = options(commands=ScribeFormat.PROBABILITY_ARCHIVAL)
    first, _ = encode_commands(prediction(of=ALERT), chosen)
    found = read_content(message(value=first.value))
    assert (found.kind, found.content["payload"]["ranking"]) == (MessageKind.COMMAND, 1)
    assert is_about(message(value=first.value, key=first.key), name)


@pytest.mark.parametrize(
    "command",
    [
        {},
        {"survey": "nowhere", "payload": {"oid": 1}},
        {"survey": "ztf", "payload": {"oid": "x"}},
        {"survey": "ztf", "payload": []},
    ],
)
def test_an_odd_command_per_class_is_about_nothing(command: dict[str, Any]) -> None:
    document = {"step": "probability-archival-step", **command}
    found = read_content(message(value=json.dumps(document).encode()))
    assert (found.kind, found.content) == (MessageKind.COMMAND, document)


@pytest.mark.parametrize(("source", "survey"), [("StampClassifierStep", None), ("s", "ZTF")])
def test_metrics_name_their_objects(source: str, survey: str | None) -> None:
    outcome = Outcome(kind=OutcomeKind.CLASSIFIED, alert=ALERT, classification=CLASSIFICATION)
    value = encoding.encode_batch_metrics(
        [outcome],
        received=NOON,
        sent=NOON,
        name="n",
        version="1",
        source=source,
        survey=survey,
    )
    found = read_content(message(value=value))
    assert found.kind is MessageKind.FIGURES
    assert found.names == {ALERT.aid, ALERT.oid}


def test_dead_letter_has_cause_and_readable_fields() -> None:
    found = read_content(dead_letter(container(record())))
    assert found.kind is MessageKind.DEAD_LETTER
    assert found.content["cause"] == "stamp-damaged"
    assert found.content["source"] == "alerts:0:17"
    assert found.alert
    assert {ALERT.aid, ALERT.oid} <= found.names
    nothing = read_content(dead_letter(b"\x00"))
    assert (nothing.alert, nothing.content["aid"]) == (None, None)


def test_replay_mark_is_recognised() -> None:
    place = TopicPartitionOffset(topic="dead", partition=0, offset=3)
    mark = ReplayMark(
        source=SOURCE.location,
        dead_letter=place,
        replayed_as=SOURCE.location,
        replayed_at="2026-03-01T00:00:00Z",
    )
    found = read_content(message(value=b"", headers=replay_mark_headers(mark)))
    assert (found.kind, found.content["of"]) == (MessageKind.REPLAY_MARK, "dead:0:3")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, MessageKind.EMPTY),
        (b"", MessageKind.EMPTY),
        (b"plain words", MessageKind.TEXT),
        (b'{"a": [1]}', MessageKind.JSON),
        (b"\xff\xfe\x00", MessageKind.BYTES),
        (b"[" * 100_000, MessageKind.TEXT),
        (b"[" * 500 + b"]" * 500, MessageKind.TEXT),
        (b"Obj\x01\xff\xff", MessageKind.AVRO),
        (container({"x": 1}, schema=record_schema(x="int")), MessageKind.AVRO),
        (container(record(), record()), MessageKind.AVRO),
        (container(record(mjd=float("nan"))), MessageKind.AVRO),
        (
            container({"payload": "no JSON"}, schema=record_schema(payload="string")),
            MessageKind.AVRO,
        ),
        (container({"payload": "[]"}, schema=record_schema(payload="string")), MessageKind.AVRO),
    ],
    ids=range(13),
)
def test_kind_of_other_messages(value: bytes | None, kind: MessageKind) -> None:
    assert read_content(message(value=value)).kind is kind


def test_undecodable_alert_has_the_problem() -> None:
    found = read_content(message(value=container(record(mjd=float("nan")))))
    assert "mjd" in found.content["problem"]
    assert found.content["fields"]["candid"] == record()["candid"]


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: b"Obj\x01" + tail))
def test_any_bytes_raise_nothing(value: bytes) -> None:
    assert read_content(message(value=value)).kind in MessageKind


@pytest.mark.parametrize("name", ["AL20abcdefgh", "ZTF20abcdefg"])
@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_object_is_found_by_aid_and_oid(name: str, codec: str) -> None:
    found: Any = message(value=container(record(), codec=codec), key=None)
    assert is_about(found, name)
    assert not is_about(found, name[:-1])
    assert not is_about(found, "classtar")


def test_object_is_found_by_key() -> None:
    assert is_about(message(value=b"\xff", key=b"AL1"), "AL1")
    assert is_about(dead_letter(container(record())), "ZTF20abcdefg")


def test_a_message_in_wire_format_is_shown_with_its_schema() -> None:
    one = message(value=wire_packet(1000, lsst_alert()))
    found = read_content(one, SCHEMAS)
    assert (found.kind, found.content["aid"]) == (MessageKind.ALERT, str(OBJECT))
    assert is_about(one, str(OBJECT), SCHEMAS)
    assert not is_about(one, str(OBJECT + 1), SCHEMAS)
    assert read_content(one).kind is MessageKind.BYTES

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampapp.deadletters.encoding import dead_letter_headers
from stampapp.errors import BadAlert
from stampapp.results import encoding, outcome
from stampapp.results.outcome import Classification, Outcome, OutcomeKind
from stampapp.version import __version__
from tests.support.alerts import alert, message
from tests.support.results import output_message, update_command

RESULT = Classification(
    aid="AL20ñ",
    oid="ZTF20abc",
    candid="123",
    mjd=59000.25,
    probabilities={"AGN": 0.125, "SN": 0.5, "VS": 0.25, "asteroid": 0.0625, "bogus": 0.0625},
    class_name="SN",
    rule=None,
    classifier_name="stamp_classifier",
    classifier_version="1.0.4",
)
NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def read(container: bytes) -> tuple[Any, Any]:
    """The schema and the only record, as an Avro library sees them."""
    reader = fastavro.reader(io.BytesIO(container))
    (record,) = reader
    return reader.writer_schema, record


def test_the_key_is_the_aid_in_utf8() -> None:
    assert encoding.message_key(RESULT) == "AL20ñ".encode()


def test_the_output_has_the_values_of_the_contract() -> None:
    _, record = read(output_message(RESULT, NOON))
    assert record == {
        "aid": "AL20ñ",
        "classifications": [
            {"class_name": "AGN", "probability": 0.125},
            {"class_name": "SN", "probability": 0.5},
            {"class_name": "VS", "probability": 0.25},
            {"class_name": "asteroid", "probability": 0.0625},
            {"class_name": "bogus", "probability": 0.0625},
        ],
        "classifier_name": "stamp_classifier",
        "classifier_version": "1.0.4",
        "brokerPublishTimestamp": datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC),
    }


def test_the_output_has_the_types_of_the_contract() -> None:
    schema, _ = read(output_message(RESULT, NOON))
    types = {field["name"]: field["type"] for field in schema["fields"]}
    assert list(types) == [
        "aid",
        "classifications",
        "classifier_name",
        "classifier_version",
        "brokerPublishTimestamp",
    ]
    assert types["aid"] == types["classifier_name"] == types["classifier_version"] == "string"
    assert types["brokerPublishTimestamp"] == [
        "null",
        {"type": "long", "logicalType": "timestamp-millis"},
    ]
    items = types["classifications"]["items"]
    assert types["classifications"]["type"] == "array"
    assert {field["name"]: field["type"] for field in items["fields"]} == {
        "class_name": "string",
        "probability": "double",
    }


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),
    st.integers(-12, 12),
)
def test_the_instant_is_exact_to_the_millisecond_in_any_zone(
    instant: datetime, offset: int
) -> None:
    elsewhere = instant.astimezone(timezone(timedelta(hours=offset)))
    _, record = read(output_message(RESULT, elsewhere))
    expected = instant.replace(microsecond=instant.microsecond // 1000 * 1000)
    assert record["brokerPublishTimestamp"] == expected


def test_the_scribe_command_is_the_contracts_json() -> None:
    schema, record = read(update_command(RESULT).value)
    assert schema["name"] == "db_operation.Command"
    assert schema["fields"] == [{"name": "payload", "type": "string"}]
    assert json.loads(record.pop("payload")) == {
        "collection": "object",
        "type": "update_probabilities",
        "criteria": {"_id": "AL20ñ"},
        "data": {
            "classifier_name": "stamp_classifier",
            "classifier_version": "1.0.4",
            "AGN": 0.125,
            "SN": 0.5,
            "VS": 0.25,
            "asteroid": 0.0625,
            "bogus": 0.0625,
        },
        "options": {"upsert": True, "set_on_insert": True},
    }
    assert record == {}


OUTCOMES = (
    Outcome(
        kind=OutcomeKind.CLASSIFIED,
        alert=alert(aid="A", oid="O1", candid="1"),
        classification=replace(RESULT, aid="A"),
    ),
    Outcome(kind=OutcomeKind.SUPERSEDED, alert=alert(aid="A", oid="O1", candid="2")),
    Outcome(
        kind=OutcomeKind.RULED_OUT,
        alert=alert(aid="B", oid="O2", candid="3"),
        classification=replace(RESULT, aid="B", class_name=None, rule="withdrawn"),
    ),
    Outcome(kind=OutcomeKind.DEAD_LETTERED, error=BadAlert("empty", "no value")),
    Outcome(
        kind=OutcomeKind.DEAD_LETTERED,
        alert=alert(aid="C", oid="O3", candid="4"),
        error=BadAlert("stamp-missing", "no stamp"),
    ),
)


@pytest.mark.parametrize(("survey", "more"), [(None, {}), ("ZTF", {"survey": "ZTF"})])
def test_the_metrics_of_a_batch(survey: str | None, more: dict[str, str]) -> None:
    document = encoding.encode_batch_metrics(
        OUTCOMES,
        received=NOON,
        sent=NOON + timedelta(seconds=1.5),
        name="n",
        version="v",
        source="stamps",
        survey=survey,
    )
    assert json.loads(document) == {
        **more,
        "timestamp_received": "2026-03-01T12:00:00.123456+00:00",
        "timestamp_sent": "2026-03-01T12:00:01.623456+00:00",
        "execution_time": 1.5,
        "n_messages": 5,
        "candid": ["1", "2", "3", "4"],
        "oid": ["O1", "O1", "O2", "O3"],
        "class": {"A": "SN"},
        "source": "stamps",
        "classified": 1,
        "superseded": 1,
        "ruled_out": 1,
        "dead_lettered": 2,
        "classifier_name": "n",
        "classifier_version": "v",
    }


def test_with_max_detections_the_metrics_say_how_many_it_superseded() -> None:
    over = Outcome(kind=OutcomeKind.SUPERSEDED, alert=alert(), over_max_detections=True)
    document = encoding.encode_batch_metrics(
        [*OUTCOMES, over],
        received=NOON,
        sent=NOON,
        name="n",
        version="v",
        source="stamps",
        survey=None,
        max_detections=3,
    )
    found = json.loads(document)
    assert (found["superseded"], found["over_max_detections"]) == (2, 1)


@given(st.lists(st.sampled_from(OUTCOMES)))
def test_the_four_counts_add_up(outcomes: list[Outcome]) -> None:
    found = outcome.count_by_kind(outcomes)
    assert list(found) == ["classified", "superseded", "ruled_out", "dead_lettered"]
    assert sum(found.values()) == len(outcomes)


def test_a_dead_letter_keeps_its_headers_and_adds_cause_and_source() -> None:
    dead = message(42, partition=3, headers=(("trace", b"\x00\xff"),))
    source = (("source.topic", b"alerts"), ("source.partition", b"3"), ("source.offset", b"42"))
    error = BadAlert("stamp-missing", "there is none")
    assert dead_letter_headers(dead, error, source) == (
        ("trace", b"\x00\xff"),
        ("error.type", b"stamp-missing"),
        ("error.message", b"there is none"),
        ("source.topic", b"alerts"),
        ("source.partition", b"3"),
        ("source.offset", b"42"),
        ("stampapp.version", __version__.encode()),
    )


@pytest.mark.parametrize("text", ["\ud800", "ñ" * 10_000, "x" * 10_000])
def test_the_error_message_of_a_dead_letter_is_short_utf8(text: str) -> None:
    headers = dict(dead_letter_headers(message(), BadAlert("schema", text), ()))
    reason = headers["error.message"]
    assert 0 < len(reason) <= 1000
    assert reason.decode("utf-8")[0] == (text[0] if text[0] in "ñx" else "\\")

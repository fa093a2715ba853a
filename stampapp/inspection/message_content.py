"""Decode a message of any topic, without raising an error for any content."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any

from stampapp.alerts import packets
from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.avro.reader import MAGIC, MAX_DECOMPRESSED_MESSAGE, Record, read_records
from stampapp.deadletters import record as deadletters
from stampapp.deadletters.partial_decode import decode_partially, summarize
from stampapp.deadletters.record import DeadLetter, ReplayMark
from stampapp.errors import BadAlert
from stampapp.kafka.message import Message
from stampapp.results.message_format import message_format
from stampapp.results.output_format import PublishedResult
from stampapp.results.provenance import read_provenance
from stampapp.results.published_result import read_result, result_in_record
from stampapp.results.scribe_commands import ARCHIVAL_STEP

_MAX_CHARACTERS = 2000
_MAX_LEVELS = 64
# Those of the existing step, too; METRICS_SOURCE and METRICS_SURVEY may have any value.
_METRICS_FIELDS = frozenset({"timestamp_received", "timestamp_sent", "n_messages", "source"})


class MessageKind(StrEnum):
    """The kinds of messages."""

    ALERT = "alert"
    PREDICTION = "prediction"
    COMMAND = "command"
    FIGURES = "metrics"
    DEAD_LETTER = "dead-letter"
    REPLAY_MARK = "replay-mark"
    AVRO = "avro"
    JSON = "json"
    TEXT = "text"
    BYTES = "bytes"
    EMPTY = "empty"


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageContent:
    """The kind of a message and its content, ready for JSON.

    `alert` is set if there is one, also in a dead letter; `names` are the objects (aid, oid) that
    the message is about.
    """

    kind: MessageKind
    content: Mapping[str, Any]
    alert: Alert | None = None
    names: frozenset[str] = field(default_factory=frozenset)


def read_content(message: Message, schemas: MessageSchemas = NO_SCHEMAS) -> MessageContent:
    """Decode a message. Its headers decide on its kind, then its bytes, never its topic."""
    if mark := deadletters.read_replay_mark(message.headers):
        return _replay_mark_content(mark)
    if letter := deadletters.read_dead_letter(message):
        return _dead_letter_content(letter, message.value, schemas)
    value = message.value
    if not value:
        return MessageContent(kind=MessageKind.EMPTY, content={})
    found = _value_content(value, schemas)
    origin = read_provenance(message.headers)
    if origin is None:
        return found
    content = {
        "source": str(origin.source),
        "superseded": [*map(str, origin.superseded)],
        "ruled_out": [*map(str, origin.ruled_out)],
    }
    return MessageContent(
        kind=found.kind, content={**found.content, **content}, alert=found.alert, names=found.names
    )


def _value_content(value: bytes, schemas: MessageSchemas) -> MessageContent:
    if value.startswith(MAGIC):
        return _avro_content(value)
    if result := read_result(value):
        return _prediction_content(result)
    alert = _alert_or_none(value, schemas)
    return _alert_content(alert) if alert else _text_content(value)


def _replay_mark_content(mark: ReplayMark) -> MessageContent:
    content = {
        "of": str(mark.dead_letter),
        "source": str(mark.source),
        "as": str(mark.replayed_as),
        "at": mark.replayed_at,
    }
    return MessageContent(kind=MessageKind.REPLAY_MARK, content=content)


def _dead_letter_content(
    letter: DeadLetter, value: bytes | None, schemas: MessageSchemas
) -> MessageContent:
    found = decode_partially(value, schemas)
    content = {
        "cause": letter.cause,
        "message": letter.reason,
        "source": str(letter.source),
        "replay_of": str(letter.replay_of) if letter.replay_of else None,
        "aid": found.aid,
        "candid": found.candid,
        "container": found.container,
    }
    names = {name for name in (found.aid, found.first_of("oid")) if name}
    return MessageContent(
        kind=MessageKind.DEAD_LETTER,
        content=content,
        alert=_alert_or_none(value, schemas),
        names=frozenset(names),
    )


def _alert_or_none(value: bytes | None, schemas: MessageSchemas) -> Alert | None:
    try:
        return packets.decode_alert(value, schemas)
    except BadAlert:
        return None


def _avro_content(value: bytes) -> MessageContent:
    try:
        source = io.BytesIO(value)
        ((schema, record),) = islice(read_records(source, MAX_DECOMPRESSED_MESSAGE), 2)
        if result := result_in_record(schema, record):
            return _prediction_content(result)
        if "payload" in schema.fields:
            return _command_content(record)
        return _alert_content(packets.decode_alert(value))
    except (BadAlert, LookupError, TypeError, ValueError) as error:
        return _unknown_avro_content(value, error)


def _alert_content(alert: Alert) -> MessageContent:
    names = ("aid", "oid", "candid", "mjd", "fid", "ra", "dec", "mag", "e_mag", "isdiffpos")
    content: dict[str, Any] = {name: getattr(alert, name) for name in names}
    content["survey"] = str(alert.survey)
    content["stamps"] = {name: summarize(data) for name, data in alert.stamps.items()}
    content["extra_fields"] = {name: summarize(value) for name, value in alert.extra_fields.items()}
    return MessageContent(
        kind=MessageKind.ALERT,
        content=content,
        alert=alert,
        names=frozenset({alert.aid, alert.oid}),
    )


def _prediction_content(result: PublishedResult) -> MessageContent:
    probabilities = dict(result.probabilities)
    content = {
        "aid": result.aid,
        "probabilities": probabilities,
        "class_name": max(probabilities, key=probabilities.__getitem__) if probabilities else None,
        **result.others,
    }
    return MessageContent(
        kind=MessageKind.PREDICTION, content=content, names=frozenset({result.aid})
    )


def _command_content(record: Record) -> MessageContent:
    command = _parse_json(record["payload"])
    aid = command["criteria"]["_id"]
    return MessageContent(kind=MessageKind.COMMAND, content=command, names=frozenset({str(aid)}))


def _archival_content(command: Mapping[str, Any]) -> MessageContent:
    """Return a command for one class; its object is named as its survey names it, too."""
    names: set[str] = set()
    try:
        oid, survey = command["payload"]["oid"], Survey(str(command["survey"]).upper())
        names = {str(oid), message_format(survey).object_name(int(oid))}
    except (LookupError, TypeError, ValueError):
        pass
    return MessageContent(kind=MessageKind.COMMAND, content=command, names=frozenset(names))


def _unknown_avro_content(value: bytes, error: Exception) -> MessageContent:
    found = decode_partially(value)
    content = {
        "container": found.container,
        "problem": str(error) if isinstance(error, BadAlert) else None,
        "fields": dict(found.fields),
        "undecoded": list(found.undecoded),
    }
    names = {name for name in (found.aid, found.first_of("oid")) if name}
    return MessageContent(kind=MessageKind.AVRO, content=content, names=frozenset(names))


def _text_content(value: bytes) -> MessageContent:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return MessageContent(
            kind=MessageKind.BYTES, content={"size": len(value), "begins": value[:64].hex(" ")}
        )
    try:
        document = _parse_json(text)
    except ValueError:
        return MessageContent(kind=MessageKind.TEXT, content={"text": text[:_MAX_CHARACTERS]})
    if isinstance(document, dict) and document.keys() >= _METRICS_FIELDS:
        return MessageContent(
            kind=MessageKind.FIGURES, content=document, names=_names_in_metrics(document)
        )
    if isinstance(document, dict) and document.get("step") == ARCHIVAL_STEP:
        return _archival_content(document)
    return MessageContent(kind=MessageKind.JSON, content={"document": document})


def _parse_json(text: str) -> Any:
    """Parse a JSON document. Raises ValueError if it is none, or nested too deep."""
    try:
        document = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if _is_deeper_than(document, _MAX_LEVELS):
        raise ValueError("nested too deep")
    return document


def _is_deeper_than(value: object, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels == 0 or any(_is_deeper_than(one, levels - 1) for one in inner)


def _names_in_metrics(document: Mapping[str, Any]) -> frozenset[str]:
    classes, oids = document.get("class"), document.get("oid")
    found = [
        *(classes if isinstance(classes, dict) else ()),
        *(oids if isinstance(oids, list) else ()),
    ]
    return frozenset(map(str, found))


def is_about(message: Message, name: str, schemas: MessageSchemas = NO_SCHEMAS) -> bool:
    """Return whether a message is about the object with this aid or oid.

    Most messages are not, and need not be decoded to see that.
    """
    value = message.value or b""
    if message.key == name.encode():
        return True
    # The name is not readable in a compressed container or where it is a number, and JSON may
    # escape it.
    unreadable = name.isdecimal() or value.find(b"deflate", 0, 2**16) >= 0
    if unreadable or name.encode() in value or not value.startswith(MAGIC):
        return name in read_content(message, schemas).names
    return False

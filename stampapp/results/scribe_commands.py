"""Encode database commands for the scribe. Other programs rely on their form."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from stampapp.avro.writer import RecordWriter
from stampapp.results.message_format import MessageOptions, ScribeFormat, message_format
from stampapp.results.outcome import Classification, Prediction

SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Command",
    "namespace": "db_operation",
    "fields": [{"name": "payload", "type": "string"}],
}
# What the scribe of several surveys calls the commands of any classifier.
ARCHIVAL_STEP = "probability-archival-step"


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A message of the scribe topic."""

    key: bytes
    value: bytes


def encode_commands(prediction: Prediction, options: MessageOptions) -> list[Command]:
    """Encode the commands of a result: one, or one per class. To repeat them is harmless."""
    if options.commands is ScribeFormat.UPDATE_PROBABILITIES:
        return [_update(prediction.classification)]
    return _archival(prediction, options)


def _update(classification: Classification) -> Command:
    command = {
        "collection": "object",
        "type": "update_probabilities",
        "criteria": {"_id": classification.aid},
        "data": {
            "classifier_name": classification.classifier_name,
            "classifier_version": classification.classifier_version,
            **classification.probabilities,
        },
        "options": {"upsert": True, "set_on_insert": True},
    }
    value = _writer().write({"payload": json.dumps(command)})
    return Command(key=classification.aid.encode(), value=value)


@cache
def _writer() -> RecordWriter:
    return RecordWriter(SCHEMA)


def _archival(prediction: Prediction, options: MessageOptions) -> list[Command]:
    """Return a command for each class, the most probable one first."""
    classification = prediction.classification
    ids = message_format(options.survey).archived_object(prediction.alert)
    ranked = sorted(classification.probabilities.items(), key=lambda one: -one[1])
    payloads = (
        {
            "oid": ids.oid,
            "sid": ids.sid,
            "classifier_id": options.classifier_id,
            "classifier_version": version_number(classification.classifier_version),
            "class_id": options.class_id(name),
            "probability": probability,
            "ranking": ranking,
            "lastmjd": ids.last_mjd,
        }
        for ranking, (name, probability) in enumerate(ranked, 1)
    )
    head = {"step": ARCHIVAL_STEP, "survey": options.survey.lower()}
    key = str(ids.oid).encode()
    return [
        Command(key=key, value=json.dumps({**head, "payload": payload}).encode())
        for payload in payloads
    ]


def version_number(version: str) -> int:
    """Return the digits of a version of three numbers as one number, 0 for any other version."""
    parts = version.split(".")
    are_numbers = all(part.isascii() and part.isdecimal() for part in parts)
    return int("".join(parts)) if len(parts) == 3 and are_numbers else 0

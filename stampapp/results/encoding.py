"""Encode output, scribe and metrics messages. Other programs rely on their schemas."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from stampapp.avro import writer
from stampapp.results.outcome import Classification, Outcome, OutcomeKind, count_by_kind

OUTPUT_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "stamp_classification",
    "doc": "What an object is, from its first stamps",
    "fields": [
        {"name": "aid", "type": "string"},
        {
            "name": "classifications",
            "type": {
                "type": "array",
                "items": {
                    "type": "record",
                    "name": "classification",
                    "fields": [
                        {"name": "class_name", "type": "string"},
                        {"name": "probability", "type": "double"},
                    ],
                },
            },
        },
        {"name": "classifier_name", "type": "string"},
        {"name": "classifier_version", "type": "string"},
        {
            "name": "brokerPublishTimestamp",
            "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}],
            "default": None,
        },
    ],
}
SCRIBE_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Command",
    "namespace": "db_operation",
    "fields": [{"name": "payload", "type": "string"}],
}
_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)

_output = writer.RecordWriter(OUTPUT_SCHEMA)
_scribe = writer.RecordWriter(SCRIBE_SCHEMA)


def message_key(classification: Classification) -> bytes:
    """Return the message key of an object, which keeps its messages in order on one partition."""
    return classification.aid.encode()


def encode_prediction(classification: Classification, published: datetime) -> bytes:
    """Encode an output message; `published` is the (aware) time of publishing."""
    return _output.write(
        {
            "aid": classification.aid,
            "classifications": [
                {"class_name": name, "probability": probability}
                for name, probability in classification.probabilities.items()
            ],
            "classifier_name": classification.classifier_name,
            "classifier_version": classification.classifier_version,
            "brokerPublishTimestamp": (published - _EPOCH) // _MILLISECOND,
        }
    )


def encode_scribe_command(classification: Classification) -> bytes:
    """Encode a database command. It is an upsert, so repeating it is harmless."""
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
    return _scribe.write({"payload": json.dumps(command)})


def encode_batch_metrics(  # noqa: PLR0913  # the fields of the document
    outcomes: Sequence[Outcome],
    *,
    received: datetime,
    sent: datetime,
    name: str,
    version: str,
    source: str,
    survey: str | None,
) -> bytes:
    """Encode the metrics of one batch, without `survey` if it is None.

    `received` is when its first message arrived, `sent` when its results were confirmed (UTC).
    """
    decoded = [outcome.alert for outcome in outcomes if outcome.alert]
    published = [o.classification for o in outcomes if o.kind is OutcomeKind.CLASSIFIED]
    document = {
        "timestamp_received": received.isoformat(),
        "timestamp_sent": sent.isoformat(),
        "execution_time": (sent - received).total_seconds(),
        "n_messages": len(outcomes),
        "candid": [alert.candid for alert in decoded],
        "oid": [alert.oid for alert in decoded],
        "class": {c.aid: c.class_name for c in published if c},
        "source": source,
        **({} if survey is None else {"survey": survey}),
        **count_by_kind(outcomes),
        "classifier_name": name,
        "classifier_version": version,
    }
    return json.dumps(document).encode()

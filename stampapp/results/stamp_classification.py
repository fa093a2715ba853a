"""The output record of ALeRCE's stamp classifier step. Other programs rely on its schema."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from stampapp import times
from stampapp.alerts.alert import Alert
from stampapp.results.outcome import Classification
from stampapp.results.output_format import OutputFormat, PublishedResult, Record

SCHEMA: dict[str, Any] = {
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
_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)


def encode(_: Alert, classification: Classification, published: datetime) -> Record:
    """Return the record of a result."""
    return {
        "aid": classification.aid,
        "classifications": [
            {"class_name": name, "probability": probability}
            for name, probability in classification.probabilities.items()
        ],
        "classifier_name": classification.classifier_name,
        "classifier_version": classification.classifier_version,
        "brokerPublishTimestamp": (published - _EPOCH) // _MILLISECOND,
    }


def decode(record: Record) -> PublishedResult:
    """Read a record; of the fields that other programs leave out, the values are None."""
    return PublishedResult(
        aid=str(record["aid"]),
        probabilities={
            str(one["class_name"]): float(one["probability"]) for one in record["classifications"]
        },
        others={
            "classifier_name": record.get("classifier_name"),
            "classifier_version": record.get("classifier_version"),
            "published": _format_instant(record.get("brokerPublishTimestamp")),
        },
    )


def _format_instant(value: object) -> str | None:
    try:
        # A datetime if the reader knows the logical type, else milliseconds.
        instant = times.from_unix_ms(value) if isinstance(value, int) else value
    except (ArithmeticError, ValueError, OSError):
        return None
    if not isinstance(instant, datetime):
        return None
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03}Z"


STAMP_CLASSIFICATION = OutputFormat(
    name="alerce",
    schema=SCHEMA,
    fields=frozenset({"aid", "classifications"}),
    encode=encode,
    decode=decode,
)

"""Encode output and metrics messages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache

from stampapp.avro.writer import BareWriter, RecordWriter
from stampapp.results.message_format import MessageOptions
from stampapp.results.outcome import (
    Classification,
    Outcome,
    OutcomeKind,
    Prediction,
    count_by_kind,
    count_over_max_detections,
)
from stampapp.results.output_format import OutputEncoding, OutputFormat


def message_key(classification: Classification) -> bytes:
    """Return the message key of an object, which keeps its messages in order on one partition."""
    return classification.aid.encode()


def encode_prediction(
    prediction: Prediction, options: MessageOptions, published: datetime
) -> bytes:
    """Encode an output message; `published` is the (aware) time of publishing."""
    record = options.output.encode(prediction.alert, prediction.classification, published)
    return _writer(options.output, options.encoding).write(record)


@cache
def _writer(output: OutputFormat, encoding: OutputEncoding) -> RecordWriter | BareWriter:
    schema = dict(output.schema)
    return BareWriter(schema) if encoding is OutputEncoding.BARE else RecordWriter(schema)


def encode_batch_metrics(  # noqa: PLR0913  # the fields of the document
    outcomes: Sequence[Outcome],
    *,
    received: datetime,
    sent: datetime,
    name: str,
    version: str,
    source: str,
    survey: str | None,
    max_detections: int | None = None,
) -> bytes:
    """Encode the metrics of one batch, without `survey` if it is None.

    With `max_detections`, the setting, it has the number of superseded alerts over it.

    `received` is when its first message arrived, `sent` when its results were confirmed (UTC).
    """
    decoded = [outcome.alert for outcome in outcomes if outcome.alert]
    published = [o.classification for o in outcomes if o.kind is OutcomeKind.CLASSIFIED]
    over = count_over_max_detections(outcomes)
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
        **({} if max_detections is None else {"over_max_detections": over}),
        "classifier_name": name,
        "classifier_version": version,
    }
    return json.dumps(document).encode()

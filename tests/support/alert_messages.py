"""Real alerts as Kafka messages, written with plain fastavro."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import fastavro

from tests.support.topics import Record

CLASSES = ("AGN", "SN", "VS", "asteroid", "bogus")


def records(path: Path) -> tuple[Any, list[dict[str, Any]]]:
    """Return the schema and the records of an Avro file."""
    with path.open("rb") as file:
        reader = fastavro.reader(file)
        return reader.writer_schema, [dict(record) for record in reader]


def message(schema: Any, record: dict[str, Any]) -> bytes:
    """Return a container with this one record."""
    buffer = io.BytesIO()
    fastavro.writer(buffer, schema, [record])
    return buffer.getvalue()


def stream(path: Path) -> list[Record]:
    """Return each alert as a message, keyed by its object."""
    schema, alerts = records(path)
    return [Record(alert["aid"].encode(), message(schema, alert)) for alert in alerts]


def distinct(path: Path, copies: int) -> Iterator[Record]:
    """Yield the alerts `copies` times, each as a different object."""
    schema, alerts = records(path)
    for copy in range(copies):
        for alert in alerts:
            aid = f"{alert['aid']}-{alert['candid']}-{copy}"
            yield Record(aid.encode(), message(schema, alert | {"aid": aid}))


def reference(shared_data: Path) -> dict[str, dict[str, float]]:
    """Return the probabilities that ALeRCE's own network gives, by candid."""
    with (shared_data / "ztf_reference.csv").open() as file:
        return {
            row["candid"]: {name: float(row[name]) for name in CLASSES}
            for row in csv.DictReader(file)
        }


def best_class(record: dict[str, Any]) -> str:
    """Return the most probable class of an output record."""
    best = max(record["classifications"], key=lambda one: float(one["probability"]))
    return str(best["class_name"])


def decoded(values: Sequence[bytes | None]) -> list[dict[str, Any]]:
    """Read containers of one record each with a plain reader."""
    found = []
    for value in values:
        assert value is not None
        (record,) = fastavro.reader(io.BytesIO(value))
        assert isinstance(record, dict)
        found.append(record)
    return found

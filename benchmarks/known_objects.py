"""What MAX_DETECTIONS saves where nine in ten alerts are of known objects."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import fastavro

from benchmarks import survey
from benchmarks.lsst_sample import PacketSample
from benchmarks.sample_alerts import Sample
from benchmarks.worker_cases import Case
from benchmarks.worker_run import BenchmarkSetup
from benchmarks.worker_run import Sample as AnySample
from stampapp.alerts import packets
from tests.support.topics import Record, create_topics, produce

# One alert in so many is of a new object; the others have the number of detections of this one.
NEW = 10
DETECTIONS = 50
T = TypeVar("T")


def measure_known_objects(setup: BenchmarkSetup, alerts: int, network: str) -> list[dict[str, Any]]:
    """Return the throughput of a worker for such alerts, without MAX_DETECTIONS and with it."""
    topic = f"known-{setup.sample.survey.lower()}"
    create_topics(setup.bootstrap, {topic: 4})
    produce(setup.bootstrap, topic, known_objects(setup.sample, alerts))
    cases = (
        Case(name="9 in 10 known", network=network),
        Case(
            name="9 in 10 known, MAX_DETECTIONS=1",
            network=network,
            settings={"MAX_DETECTIONS": "1"},
        ),
    )
    return [survey.measure_case(setup, topic, alerts, one) for one in cases]


def known_objects(sample: AnySample, count: int) -> Iterator[Record]:
    """Yield the alerts of a sample, rewritten so that one in NEW is a first detection."""
    if isinstance(sample, PacketSample):
        return _packets(sample, count)
    if isinstance(sample, Sample):
        return _records(sample, count)
    raise TypeError(f"{sample!r} does not say how to rewrite its alerts")


def _detections(number: int) -> int:
    return DETECTIONS if number % NEW else 1


def _repeated(alerts: Sequence[T]) -> Iterator[tuple[int, T]]:
    """Yield each alert several times with a number of detections, so that it is new only once."""
    for turn in range(NEW):
        for number, one in enumerate(alerts):
            yield _detections(number + turn), one


def _records(sample: Sample, count: int) -> Iterator[Record]:
    numbered = [
        one | {"extra_fields": one["extra_fields"] | {"ndethist": detections}}
        for detections, one in _repeated(sample.alerts)
    ]
    yield from replace(sample, alerts=tuple(numbered)).messages(count)


def _packets(sample: PacketSample, count: int) -> Iterator[Record]:
    numbered = [
        (_with_detections(sample, value, detections), old)
        for detections, (value, old) in _repeated(sample.packets)
    ]
    yield from replace(sample, packets=numbered).messages(count)


def _with_detections(sample: PacketSample, value: bytes, detections: int) -> bytes:
    """Return a message in wire format with another number of detections."""
    schema, start = packets.find_schema(value, sample.schemas)
    record: Any = fastavro.schemaless_reader(io.BytesIO(value[start:]), schema.parsed, None)
    record["diaObject"]["nDiaSources"] = detections
    body = io.BytesIO()
    fastavro.schemaless_writer(body, schema.parsed, record)
    return value[:start] + body.getvalue()

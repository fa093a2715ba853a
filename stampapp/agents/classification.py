"""Consume alerts, run the pipeline, and hand the results to the forwarding agents."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from faust.types import EventT, StreamT
from mode.supervisors import CrashingSupervisor

from stampapp.agents import deadletter, metrics, output, scribe, shadow
from stampapp.agents.supervision import stop_worker
from stampapp.app import alerts_topic, app, commit
from stampapp.errors import StampError
from stampapp.kafka.message import Headers, Message
from stampapp.monitoring import batch_report
from stampapp.results import encoding, provenance
from stampapp.results.outcome import OutcomeKind, Prediction

if TYPE_CHECKING:
    from stampapp.worker.batch import Batch

log = logging.getLogger(__name__)


@app.agent(
    alerts_topic,
    name="classification",
    concurrency=1,
    supervisor_strategy=CrashingSupervisor,
)
async def classification(stream: StreamT[bytes]) -> None:
    """Put each consumed alert into the pipeline."""
    pipeline = app.runtime.start_pipeline(deliver=deliver, commit=commit, stop_worker=stop_worker)
    shadow.start_shadow()
    async for event in stream.events():
        await pipeline.add_message(message_from_event(event))
    if not app.should_stop:
        await stop_worker(StampError("the stream of alerts has ended unexpectedly"))


def message_from_event(event: EventT[bytes]) -> Message:
    """Return the Kafka message of a Faust event."""
    raw = event.message
    return Message(
        topic=raw.topic,
        partition=raw.partition,
        offset=raw.offset,
        key=raw.key,
        value=raw.value,
        timestamp=round(raw.timestamp * 1000) if raw.timestamp else None,
        headers=tuple(cast(Headers, raw.headers or ())),
    )


async def deliver(batch: Batch) -> bool:
    """Publish the results of a batch; return when all but its metrics are confirmed.

    Returns False if the batch was not wanted any more before all of them were sent.
    """
    start = time.monotonic()
    delivered = await asyncio.gather(*_deliveries(batch))
    if not all(delivered):
        return False
    report_batch(batch, {**batch.durations, "publish": time.monotonic() - start})
    return True


def _deliveries(batch: Batch) -> Iterator[Awaitable[bool]]:
    group = app.runtime.required_settings().group_id
    source_headers = provenance.headers_for_batch(batch.messages, batch.outcomes, group)
    classified = [
        Prediction(alert=outcome.alert, classification=outcome.classification, headers=headers)
        for outcome, headers in zip(batch.outcomes, source_headers, strict=True)
        if outcome.kind is OutcomeKind.CLASSIFIED and outcome.alert and outcome.classification
    ]
    dead = [
        (message, outcome.error, headers)
        for message, outcome, headers in zip(
            batch.messages, batch.outcomes, source_headers, strict=True
        )
        if outcome.error
    ]
    if classified:
        yield output.channel.deliver_and_wait(classified, batch.is_wanted)
        yield scribe.channel.deliver_and_wait(classified, batch.is_wanted)
    if dead:
        yield deadletter.channel.deliver_and_wait(dead, batch.is_wanted)


def report_batch(batch: Batch, durations: Mapping[str, float]) -> None:
    """Count and log a batch, and send its metrics without waiting for their delivery."""
    runtime = app.runtime
    settings = runtime.required_settings()
    runtime.counts.add(batch.outcomes)
    runtime.metrics.observe_batch(batch.messages, batch.outcomes, durations, time.time())
    if runtime.dashboard:
        runtime.dashboard.add(batch.messages, batch.outcomes, time.time())
    shadow.add_confirmed(batch)
    document = encoding.encode_batch_metrics(
        batch.outcomes,
        received=batch.received,
        sent=datetime.now(UTC),
        name=runtime.classifier.name,
        version=runtime.classifier.version,
        source=settings.metrics_source,
        survey=settings.metrics_survey,
        max_detections=settings.model.max_detections,
    )
    if not metrics.channel.try_put(document):
        runtime.counts.metrics_lost += 1
    fields = batch_report.batch_fields(batch.messages, batch.outcomes, durations)
    log.info("%s", batch_report.batch_line(fields, runtime.counts.total), extra=fields)

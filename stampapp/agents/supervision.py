"""Alerts → outcomes: takes messages from Kafka, hands results over, acknowledges in the end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from faust.types import EventT, StreamT
from mode.supervisors import CrashingSupervisor

from stampapp.agents import deadletter, metrics, output, scribe
from stampapp.alerts.alert import Headers, Message, Prediction, Verdict
from stampapp.app import alerts_topic, app, commit, ends
from stampapp.errors import StampError
from stampapp.monitoring import batch_report
from stampapp.results import encoding, provenance
from stampapp.worker.stall_detector import StallWatch

if TYPE_CHECKING:
    from stampapp.worker.pipeline import Batch

log = logging.getLogger(__name__)
# A rebalance waits this long for the batches under way; the rest is consumed again.
REBALANCE_PATIENCE = 15.0
WATCH_INTERVAL = 10.0

stalls = StallWatch()


@app.agent(
    alerts_topic,
    name="classification",
    concurrency=1,
    supervisor_strategy=CrashingSupervisor,
)
async def classification(stream: StreamT[bytes]) -> None:
    """Classify alerts, batch by batch."""
    pipeline = app.works.start_pipeline(deliver=deliver, commit=commit, fail=fail)
    async for event in stream.events():
        await pipeline.take(message_of(event))
    if not app.should_stop:
        await fail(StampError("the stream of alerts has ended by itself"))


def message_of(event: EventT[bytes]) -> Message:
    """Return what Kafka delivered, as our own record."""
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


async def deliver(batch: Batch) -> None:
    """Publish what came out of a batch; return when all that counts is confirmed."""
    start = time.monotonic()
    group = app.works.required().group_id
    named = provenance.of_batch(batch.messages, batch.outcomes, group)
    classified = [
        Prediction(classification=outcome.classification, headers=headers)
        for outcome, headers in zip(batch.outcomes, named, strict=True)
        if outcome.verdict is Verdict.CLASSIFIED and outcome.classification
    ]
    dead = [
        (message, outcome.error, headers)
        for message, outcome, headers in zip(batch.messages, batch.outcomes, named, strict=True)
        if outcome.error
    ]
    waits = []
    if classified:
        waits.append(output.outbox.deliver_and_wait(classified))
        waits.append(scribe.outbox.deliver_and_wait(classified))
    if dead:
        waits.append(deadletter.outbox.deliver_and_wait(dead))
    await asyncio.gather(*waits)
    report(batch, {**batch.durations, "publish": time.monotonic() - start})


def report(batch: Batch, durations: Mapping[str, float]) -> None:
    """Count the batch, say it in the log, and send its figures without waiting for them."""
    works = app.works
    works.counts.add(batch.outcomes)
    works.gauges.observe(batch.messages, batch.outcomes, durations, time.time())
    if works.gallery:
        works.gallery.add(batch.messages, batch.outcomes, time.time())
    document = encoding.metrics(
        batch.outcomes,
        received=batch.received,
        sent=datetime.now(UTC),
        name=works.classifier.name,
        version=works.classifier.version,
    )
    if not metrics.outbox.post(document):
        works.counts.metrics_lost += 1
    told = batch_report.fields(batch.messages, batch.outcomes, durations)
    log.info("%s", batch_report.text(told, works.counts.total), extra=told)


@app.on_partitions_revoked.connect
async def hand_back(*_: Any, **__: Any) -> None:
    """Finish and commit what can be finished before another worker takes the partitions."""
    # The group waits for a member no longer than its session.
    half_a_session = app.works.required().session_timeout / 2
    await app.works.hand_back(min(REBALANCE_PATIENCE, half_a_session))


@app.timer(interval=WATCH_INTERVAL)  # type: ignore[untyped-decorator]
async def watch() -> None:
    """Look now and then whether the worker gets on."""
    await look()


async def look() -> None:
    """Stop a worker that no longer gets on, so that its supervisor starts another."""
    works = app.works
    if works.pipeline is None or works.retrying:
        return
    lag = waiting()
    seconds = stalls.stuck(waiting=lag, moved=works.pipeline.moved, now=time.monotonic())
    if seconds > works.required().stall_timeout:
        await fail(StampError(f"{lag} messages wait and none was taken for {seconds:.0f} s"))
    # Faust would go on knocking for ever, and nobody hear of it but the log.
    if problem := await works.welcome.outstayed(works.pipeline.moved):
        await fail(StampError(problem))


def waiting() -> int:
    """Return how many messages of our partitions have been fetched or offered, but not taken."""
    pipeline = app.works.pipeline
    return pipeline.ledger.behind(ends()) if pipeline else 0


async def fail(error: BaseException) -> None:
    """Stop the worker: what is not acknowledged comes back to its successor."""
    if app.works.failure is None:
        reason = _exhausted(error) if isinstance(error, MemoryError) else error
        app.works.failed(reason)
        await app.crash(reason)


def _exhausted(error: MemoryError) -> StampError:
    # The bare error often says nothing, and mode's words for it would run into our last ones.
    return StampError(
        f"out of memory ({str(error) or 'Python says no more'}): allow the worker more, or lower"
        " CONSUME_MESSAGES or BATCHES_IN_FLIGHT"
    )

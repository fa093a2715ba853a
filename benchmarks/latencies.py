"""Latency of predictions: from the timestamp of a message to that of its output."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from confluent_kafka import Producer

from benchmarks import quantiles
from benchmarks.quantiles import Spread
from benchmarks.worker_run import BenchmarkSetup, Run, run_workers
from stampapp.feeds.publisher import Pace
from tests.support.topics import Record, produce

WARM_UP = 256
BURST = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Latency:
    """Latencies in seconds at a rate (None: a burst); `drained`: first message to last output."""

    rate: float | None
    settings: dict[str, str]
    alerts: int
    spread: Spread
    drained: float


def measure_latency(
    setup: BenchmarkSetup, rate: float | None, alerts: int, settings: dict[str, str]
) -> Latency:
    """Publish alerts at a rate to a warm worker, and measure when each prediction is published."""
    sample = setup.sample
    with run_workers(setup, settings) as run:
        produce(setup.bootstrap, run.settings["CONSUMER_TOPICS"], sample.messages(WARM_UP, "warm-"))
        run.wait_for(WARM_UP)
        sent = publish_at_rate(run, sample.messages(alerts), rate)
        run.wait_for(WARM_UP + alerts)
        published = run.publish_times()
    answered = {key: published[key] for key in sent if key in published}
    return Latency(
        rate=rate,
        settings=settings,
        alerts=alerts,
        spread=quantiles.spread(quantiles.latencies(sent, answered)),
        drained=(max(answered.values()) - min(sent.values())) / 1000,
    )


def publish_at_rate(run: Run, records: Iterable[Record], rate: float | None) -> dict[bytes, int]:
    """Publish the messages; return the timestamp of each (ms since 1970), by key."""
    producer = Producer({"bootstrap.servers": run.settings["CONSUMER_SERVER"], "acks": "all"})
    # The messages of a burst are encoded in advance, to be published at once.
    messages = list(records) if rate is None else records
    pace, sent, start = Pace(rate=rate, max_group=BURST), dict[bytes, int](), time.monotonic()
    for record in messages:
        time.sleep(pace.pause(time.monotonic() - start, len(sent)))
        key = record.key or b""
        sent[key] = time.time_ns() // 10**6
        _send(producer, run.settings["CONSUMER_TOPICS"], record, sent[key])
    producer.flush(60)
    return sent


def _send(producer: Producer, topic: str, record: Record, timestamp: int) -> None:
    while True:
        try:
            producer.produce(topic, record.value, record.key, timestamp=timestamp)
        except BufferError:
            # The queue of the producer is full.
            producer.poll(0.01)
        else:
            producer.poll(0)
            return

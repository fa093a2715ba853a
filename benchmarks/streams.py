"""End to end: alerts on a real Kafka, a worker process, confirmed predictions."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support.apache_kafka import ApacheKafka
from tests.support.topics import Record, create_topics, produce, read_all
from tests.support.worker import Worker, worker

# The first batches pay for connections and metadata; steady state comes after them.
WARM_UP_SHARE = 0.2
PATIENCE = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Throughput:
    """What a worker managed: alerts per second, CPU seconds per alert, peak memory in MiB."""

    batch: int
    rate: float
    cpu_per_alert: float
    peak_rss: float


def throughput(
    kafka: ApacheKafka, sent: Sequence[Record], model: Path, batch: int, workdir: Path
) -> Throughput:
    """Let a worker classify everything that waits on a topic of 4 partitions."""
    environment = _environment(kafka, model, batch)
    produce(kafka.bootstrap, environment["CONSUMER_TOPICS"], sent)
    with worker(environment, workdir) as running:
        running.wait_for(f"{len(sent)} in all", PATIENCE)
        cpu, rss = _usage(running)
        time.sleep(1.0)
        documents = [
            json.loads(message.value or b"")
            for message in read_all(kafka.bootstrap, environment["METRICS_TOPIC"])
        ]
        running.terminate()
    return Throughput(
        batch=batch, rate=_rate(documents), cpu_per_alert=cpu / len(sent), peak_rss=rss
    )


def _environment(kafka: ApacheKafka, model: Path, batch: int) -> dict[str, str]:
    unique = secrets.token_hex(4)
    names = {role: f"{role}-{unique}" for role in ("alerts", "out", "scribe", "metrics")}
    create_topics(kafka.bootstrap, dict.fromkeys(names.values(), 4))
    return {
        "CLASSIFIER_STRATEGY": "ZTF",
        "MODEL_PATH": str(model),
        "CONSUMER_SERVER": kafka.bootstrap,
        "CONSUMER_TOPICS": names["alerts"],
        "CONSUMER_GROUP_ID": unique,
        "CONSUMER_SESSION_TIMEOUT": "10",
        "CONSUME_TIMEOUT": "1",
        "CONSUME_MESSAGES": str(batch),
        "PRODUCER_TOPIC_FORMAT": names["out"],
        "SCRIBE_TOPIC": names["scribe"],
        "METRICS_TOPIC": names["metrics"],
    }


def _rate(documents: list[dict[str, Any]]) -> float:
    """Alerts per second from the end of the warm-up to the last confirmation."""
    documents.sort(key=lambda document: document["timestamp_sent"])
    steady = documents[int(len(documents) * WARM_UP_SHARE) :]
    instants = [datetime.fromisoformat(document["timestamp_sent"]) for document in steady]
    count = sum(document["n_messages"] for document in steady[1:])
    return float(count / (instants[-1] - instants[0]).total_seconds())


def _usage(running: Worker) -> tuple[float, float]:
    """CPU seconds, start-up included, and peak resident memory in MiB of a live process."""
    proc = Path("/proc") / str(running.process.pid)
    fields = proc.joinpath("stat").read_text().rsplit(")", 1)[1].split()
    ticks = int(fields[11]) + int(fields[12])
    status = proc.joinpath("status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return ticks / os.sysconf("SC_CLK_TCK"), int(peak.split()[1]) / 1024

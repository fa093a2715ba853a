"""Run workers on topics of their own, and read what they published."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from stampapp.alerts.surveys import Survey
from stampapp.avro.message_schemas import MessageSchemas
from tests.support.apache_kafka import ApacheKafka
from tests.support.topics import Message, Record, create_topics, read_all
from tests.support.worker import Worker, worker

PARTITIONS = 4
PATIENCE = 240.0
_TOTAL = re.compile(r"(\d+) in all")
ConfirmedBatch = tuple[datetime, int]


class Sample(Protocol):
    """Alerts, and the settings of a worker that classifies them."""

    @property
    def origin(self) -> str: ...

    @property
    def survey(self) -> Survey: ...

    @property
    def model(self) -> Path: ...

    @property
    def schemas(self) -> MessageSchemas: ...

    @property
    def settings(self) -> Mapping[str, str]: ...

    def messages(self, count: int, run: str = "") -> Iterator[Record]:
        """Yield `count` messages, each of another object; `run` makes them others again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BenchmarkSetup:
    """Shared by all runs: the broker and its process, a folder for logs, the alerts of a survey."""

    bootstrap: str
    broker: int
    folder: Path
    sample: Sample


def setup(folder: Path, kafka: ApacheKafka, sample: Sample) -> BenchmarkSetup:
    """Return what runs on a running broker share."""
    if kafka.process is None:
        raise RuntimeError("the broker is not running")
    return BenchmarkSetup(
        bootstrap=kafka.bootstrap, broker=kafka.process.pid, folder=folder, sample=sample
    )


@dataclass(frozen=True, kw_only=True)
class Run:
    """Workers of one group; `settings` is their environment."""

    workers: tuple[Worker, ...]
    settings: dict[str, str]

    @property
    def pids(self) -> list[int]:
        """The workers' processes."""
        return [one.process.pid for one in self.workers]

    def confirmed(self) -> int:
        """Return the number of confirmed messages, from the workers' logs."""
        totals = (_TOTAL.findall(one.text()) for one in self.workers)
        return sum(int(found[-1]) for found in totals if found)

    def wait_for(self, count: int) -> int:
        """Wait until `count` messages are confirmed; return the number confirmed by then."""
        deadline = time.monotonic() + PATIENCE
        while (confirmed := self.confirmed()) < count:
            for one in self.workers:
                if one.process.poll() is not None:
                    raise RuntimeError(f"a worker has stopped:\n{one.text()}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{confirmed} of {count} messages after {PATIENCE} s")
            time.sleep(0.02)
        return confirmed

    def confirmed_batches(self) -> list[ConfirmedBatch]:
        """Return time of confirmation and number of messages of each batch, in order."""
        documents = [json.loads(one.value or b"") for one in self._read("METRICS_TOPIC")]
        return sorted(
            (datetime.fromisoformat(one["timestamp_sent"]), one["n_messages"]) for one in documents
        )

    def publish_times(self) -> dict[bytes, int]:
        """Return the time of publication of each prediction (ms since 1970), by key."""
        return {one.key or b"": one.timestamp for one in self._read("PRODUCER_TOPIC_FORMAT")}

    def _read(self, topic: str) -> list[Message]:
        return read_all(self.settings["CONSUMER_SERVER"], self.settings[topic])


@contextmanager
def run_workers(
    setup: BenchmarkSetup, settings: Mapping[str, str], workers: int = 1
) -> Iterator[Run]:
    """Run workers of a new consumer group; `settings` override the defaults of the benchmarks."""
    environment = {**_default_settings(setup), **settings}
    with ExitStack() as stack:
        started = []
        for number in range(workers):
            folder = setup.folder / f"worker-{environment['CONSUMER_GROUP_ID']}-{number}"
            folder.mkdir()
            started.append(stack.enter_context(worker(environment, folder)))
        run = Run(workers=tuple(started), settings=environment)
        yield run
        for one in started:
            one.terminate()


def _default_settings(setup: BenchmarkSetup) -> dict[str, str]:
    unique = secrets.token_hex(4)
    names = {role: f"{role}-{unique}" for role in ("alerts", "out", "scribe", "metrics")}
    create_topics(setup.bootstrap, dict.fromkeys(names.values(), PARTITIONS))
    return {
        **setup.sample.settings,
        "CONSUMER_SERVER": setup.bootstrap,
        "CONSUMER_TOPICS": names["alerts"],
        "CONSUMER_GROUP_ID": unique,
        "CONSUMER_SESSION_TIMEOUT": "10",
        "CONSUME_TIMEOUT": "1",
        "PRODUCER_TOPIC_FORMAT": names["out"],
        "SCRIBE_TOPIC": names["scribe"],
        "METRICS_TOPIC": names["metrics"],
    }

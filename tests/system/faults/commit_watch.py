"""Record the committed offsets of a group throughout a round."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition

from tests.system.faults.alerts import ADDED, PARTITIONS

INTERVAL = 0.2
ANSWER_WITHIN = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """The committed offsets by partition at a time (s since 1970)."""

    at: float
    committed: Mapping[int, int]

    @property
    def total(self) -> int:
        return sum(self.committed.values())


class CommitWatch:
    """Samples the committed offsets, and keeps each change."""

    def __init__(self, bootstrap: str, group: str, topic: str) -> None:
        self.samples: list[Sample] = [Sample(at=0.0, committed={})]
        self._bootstrap, self._group, self._topic = bootstrap, group, topic
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def last(self) -> Sample:
        return self.samples[-1]

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        settings = {"bootstrap.servers": self._bootstrap, "group.id": self._group}
        # Without this, librdkafka logs a lot while a broker is away.
        quiet = {"log_level": 0, "enable.auto.commit": False, "reconnect.backoff.max.ms": 500}
        with closing(Consumer(settings | quiet)) as consumer:
            while not self._closing.wait(INTERVAL):
                found = self._committed(consumer)
                if found is not None and found != self.last.committed:
                    self.samples.append(Sample(at=time.time(), committed=found))

    def _committed(self, consumer: Consumer) -> dict[int, int] | None:
        places = [TopicPartition(self._topic, number) for number in range(PARTITIONS + ADDED)]
        try:
            answers = consumer.committed(places, timeout=ANSWER_WITHIN)
        except KafkaException:
            # The broker is down, or still loading.
            return None
        if any(place.error for place in answers):
            return None
        return {place.partition: place.offset for place in answers if place.offset >= 0}


@contextmanager
def watch_commits(bootstrap: str, group: str, topic: str) -> Iterator[CommitWatch]:
    commits = CommitWatch(bootstrap, group, topic)
    try:
        yield commits
    finally:
        commits.close()

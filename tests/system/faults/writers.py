"""Write alerts to a topic, compressed, through every outage: one by one, or in transactions."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Protocol
from zlib import crc32

from confluent_kafka import KafkaError, KafkaException, Producer

from tests.support.apache_kafka import CODECS
from tests.system.faults.alerts import PARTITIONS, Alert, Sent

CONFIRMED_WITHIN = 180.0
# A transaction that an outage interrupts stays open until the producer ends it (ms).
TRANSACTION_TIMEOUT = 600_000
MOST_IN_TRANSACTION = 20
ABORTED = 0.2

PartitionOffset = tuple[int, int]
Placed = list[tuple[PartitionOffset, Sent]]


class Writer(Protocol):
    """Writes alerts; `places` are those confirmed, `overhead` counts offsets without an alert.

    `doubtful` are alerts that were written again, because their transaction was aborted as far as
    its producer knows.
    """

    places: dict[PartitionOffset, Sent]
    doubtful: set[Sent]
    overhead: int

    def write(self, alert: Alert, partition: int) -> None: ...

    def idle(self) -> None:
        """Spend a moment on what is waiting."""

    def flush(self) -> None:
        """Wait until everything is confirmed."""


class PlainWriter:
    """Writes one by one, with one of the codecs for each object."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.places: dict[PartitionOffset, Sent] = {}
        self.doubtful: set[Sent] = set()
        self.overhead = 0
        self._topic = topic
        self._failures: list[KafkaError] = []
        self._producers = [new_producer(bootstrap, codec) for codec in CODECS]

    def write(self, alert: Alert, partition: int) -> None:
        without_value = alert.without_value

        def on_delivery(error: KafkaError | None, message: Any) -> None:
            if error:
                self._failures.append(error)
            else:
                self.places[message.partition(), message.offset()] = without_value

        # The alerts of an object keep their order.
        producer = self._producers[crc32(alert.key) % len(CODECS)]
        wait_for_partition(producer, self._topic, partition)
        producer.produce(self._topic, alert.value, alert.key, partition, on_delivery=on_delivery)
        producer.poll(0)

    def idle(self) -> None:
        for one in self._producers:
            one.poll(0.004)
        self._check()

    def flush(self) -> None:
        left = sum(one.flush(CONFIRMED_WITHIN) for one in self._producers)
        self._check()
        assert not left, f"{left} alerts are not confirmed"

    def _check(self) -> None:
        assert not self._failures, f"not sent: {self._failures[:3]}"


class TransactionalWriter:
    """Writes some alerts in a transaction; aborts some transactions and writes the alerts again."""

    def __init__(self, bootstrap: str, topic: str, seed: int) -> None:
        self.places: dict[PartitionOffset, Sent] = {}
        self.doubtful: set[Sent] = set()
        self.overhead = 0
        self._topic, self._rng = topic, Random(seed)
        self._waiting: list[tuple[Alert, int]] = []
        self._size = MOST_IN_TRANSACTION
        self._producers = [
            new_producer(
                bootstrap,
                codec,
                **{
                    "transactional.id": f"faults-{secrets.token_hex(4)}",
                    "transaction.timeout.ms": TRANSACTION_TIMEOUT,
                },
            )
            for codec in CODECS
        ]
        for one in self._producers:
            one.init_transactions(CONFIRMED_WITHIN)

    def write(self, alert: Alert, partition: int) -> None:
        self._waiting.append((alert, partition))
        if len(self._waiting) >= self._size:
            self.flush()

    def idle(self) -> None:
        self.flush()
        time.sleep(0.02)

    def flush(self) -> None:
        alerts, self._waiting = self._waiting, []
        self._size = self._rng.randint(1, MOST_IN_TRANSACTION)
        if not alerts:
            return
        producer = self._rng.choice(self._producers)
        if self._rng.random() < ABORTED:
            written = self._write(producer, alerts)
            self._abort(producer, alerts)
            if len(written) == len(alerts):
                self.overhead += len(alerts) + markers(alerts)
        while (placed := self._commit(producer, alerts)) is None:
            pass
        self.places.update(placed)
        self.overhead += markers(alerts)

    def _commit(self, producer: Producer, alerts: Sequence[tuple[Alert, int]]) -> Placed | None:
        """Write the alerts in a transaction; return None if it had to be aborted."""
        placed = self._write(producer, alerts)
        try:
            if len(placed) == len(alerts):
                retried(producer.commit_transaction)
                return placed
        except KafkaException as failure:
            if not failure.args[0].txn_requires_abort():
                raise
        self._abort(producer, alerts)
        return None

    def _abort(self, producer: Producer, alerts: Sequence[tuple[Alert, int]]) -> None:
        # A broker that is killed may have committed the transaction and not have answered, or take
        # what it has not confirmed for a part of the next one.
        self.doubtful.update(alert.without_value for alert, _ in alerts)
        retried(producer.abort_transaction)

    def _write(self, producer: Producer, alerts: Sequence[tuple[Alert, int]]) -> Placed:
        """Begin a transaction; return where those of its alerts are that are confirmed."""
        placed: Placed = []

        def place(alert: Alert, error: KafkaError | None, message: Any) -> None:
            if not error:
                at = (message.partition(), message.offset())
                placed.append((at, alert.without_value))

        producer.begin_transaction()
        for alert, partition in alerts:
            wait_for_partition(producer, self._topic, partition)
            producer.produce(
                self._topic,
                alert.value,
                alert.key,
                partition,
                on_delivery=lambda error, message, one=alert: place(one, error, message),
            )
        producer.flush(CONFIRMED_WITHIN)
        return placed


def new_producer(bootstrap: str, codec: str, **settings: Any) -> Producer:
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "compression.type": codec,
            "message.timeout.ms": TRANSACTION_TIMEOUT,
            "reconnect.backoff.max.ms": 500,
            "log_level": 0,
            **settings,
        }
    )


def wait_for_partition(producer: Producer, topic: str, partition: int) -> None:
    """Wait until the producer knows a partition that was added after its start."""
    deadline = time.monotonic() + CONFIRMED_WITHIN
    while partition >= PARTITIONS:
        try:
            if partition in producer.list_topics(topic, timeout=5.0).topics[topic].partitions:
                return
        except KafkaException:
            # The broker is down.
            pass
        assert time.monotonic() < deadline, f"no partition {partition}"


def retried(call: Callable[[float], object]) -> None:
    """Repeat a step of a transaction while its broker is away."""
    deadline = time.monotonic() + CONFIRMED_WITHIN
    while True:
        try:
            call(CONFIRMED_WITHIN)
        except KafkaException as failure:
            if not failure.args[0].retriable() or time.monotonic() > deadline:
                raise
        else:
            return


def markers(alerts: Sequence[tuple[Alert, int]]) -> int:
    """Return how many markers end a transaction with these alerts: one in each partition."""
    return len({partition for _, partition in alerts})

"""Publish messages with a client that is independent of the code under test."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Producer

from tests.support.stopwatch import AMPLE

Headers = list[tuple[str, bytes | None]]


class Record(NamedTuple):
    """A message to send. If partition or timestamp (ms) is None, the client chooses it."""

    key: bytes | None
    value: bytes | None
    partition: int | None = None
    headers: Headers | None = None
    timestamp: int | None = None


RecordLike = Record | tuple[bytes | None, bytes | None, int | None, Headers | None, int | None]


def produce(
    bootstrap: str,
    topic: str,
    records: Iterable[RecordLike],
    *,
    timeout: float = AMPLE,
    **settings: Any,
) -> list[tuple[int, int]]:
    """Deliver `records`, acks=all; returns (partition, offset) of each, in their order."""
    sending = _Sending(bootstrap, topic, settings)
    for record in records:
        sending.send(Record(*record))
    return sending.places(timeout)


class _Sending:
    def __init__(self, bootstrap: str, topic: str, settings: dict[str, Any]) -> None:
        self.topic = topic
        self.producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", **settings})
        self.count = 0
        self.delivered: dict[int, tuple[int, int]] = {}
        self.failures: list[KafkaError] = []

    def send(self, record: Record) -> None:
        number = self.count
        self.count += 1

        def on_delivery(error: KafkaError | None, sent: Any) -> None:
            if error:
                self.failures.append(error)
            else:
                self.delivered[number] = (sent.partition(), sent.offset())

        wishes = {"partition": record.partition, "timestamp": record.timestamp}
        arguments = {
            "key": record.key,
            "value": record.value,
            "headers": record.headers or [],
            "on_delivery": on_delivery,
            **{name: wish for name, wish in wishes.items() if wish is not None},
        }
        self._hand_over(arguments)

    def _hand_over(self, arguments: dict[str, Any]) -> None:
        while True:
            try:
                self.producer.produce(self.topic, **arguments)
            except BufferError:
                self.producer.poll(0.1)
            else:
                self.producer.poll(0)
                return

    def places(self, timeout: float) -> list[tuple[int, int]]:
        self.producer.flush(timeout)
        if self.failures:
            raise KafkaException(self.failures[0])
        missing = self.count - len(self.delivered)
        if missing:
            raise TimeoutError(f"{missing} messages to {self.topic} not confirmed in {timeout} s")
        return [self.delivered[number] for number in range(self.count)]

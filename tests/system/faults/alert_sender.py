"""Send alerts as fast as they are consumed, through every outage, and record their offsets."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import KafkaError, Producer

from tests.support.waiting import until
from tests.system.faults.alerts import Alert, Sent

CONFIRMED_WITHIN = 180.0

PartitionOffset = tuple[int, int]


class AlertSender:
    """Keeps up to `window` alerts ahead of `consumed()`, until `most` alerts are sent.

    `places` are the alerts that the broker has confirmed, by partition and offset.
    """

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        alerts: Iterator[Alert],
        *,
        window: int,
        consumed: Callable[[], int],
        most: float = math.inf,
        codec: str = "none",
    ) -> None:
        self.places: dict[PartitionOffset, Sent] = {}
        self.sent = 0
        self._topic, self._alerts = topic, alerts
        self._window, self._consumed, self._most = window, consumed, most
        self._failures: list[KafkaError | Exception] = []
        self._going, self._closing = threading.Event(), threading.Event()
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "compression.type": codec,
                "message.timeout.ms": 600_000,
                "reconnect.backoff.max.ms": 500,
                "log_level": 0,
            }
        )
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._going.set()
        self._thread.start()

    def pause(self) -> None:
        self._going.clear()

    def resume(self) -> None:
        self._going.set()

    def finish(self, at_least: int) -> None:
        """Send at least so many alerts, and wait until the broker has confirmed all."""
        until(lambda: self.sent >= at_least or self._failures, 1800.0)
        self._closing.set()
        self._thread.join()
        self.confirmed()

    def confirmed(self) -> None:
        """Wait until the broker has confirmed all alerts sent."""
        left = self._producer.flush(CONFIRMED_WITHIN)
        assert not self._failures, f"not sent: {self._failures[:3]}"
        assert not left, f"{left} alerts are not confirmed"

    def close(self) -> None:
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                if self._going.is_set() and self.sent < self._limit():
                    self._send(next(self._alerts))
                else:
                    self._producer.poll(0.02)
        except Exception as failure:  # raised by `finish`
            self._failures.append(failure)

    def _limit(self) -> float:
        return min(self._most, self._consumed() + self._window)

    def _send(self, alert: Alert) -> None:
        without_value = alert.without_value

        def on_delivery(error: KafkaError | None, message: Any) -> None:
            if error:
                self._failures.append(error)
            else:
                self.places[message.partition(), message.offset()] = without_value

        self._producer.produce(
            self._topic, alert.value, alert.key, alert.partition, on_delivery=on_delivery
        )
        self.sent += 1
        self._producer.poll(0)


@contextmanager
def send_alerts(
    bootstrap: str,
    topic: str,
    alerts: Iterator[Alert],
    *,
    window: int,
    consumed: Callable[[], int],
    most: float = math.inf,
    codec: str = "none",
) -> Iterator[AlertSender]:
    running = AlertSender(
        bootstrap, topic, alerts, window=window, consumed=consumed, most=most, codec=codec
    )
    try:
        yield running
    finally:
        running.close()

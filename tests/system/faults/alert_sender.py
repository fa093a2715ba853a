"""Send alerts as fast as they are consumed, and record their offsets."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.support.waiting import until
from tests.system.faults.alerts import ADDED, PARTITIONS, Alert, Sent
from tests.system.faults.writers import PartitionOffset, Writer


class AlertSender:
    """Keeps up to `window` alerts ahead of `consumed()`, until `most` alerts are sent.

    `consumed` counts offsets.
    """

    def __init__(
        self,
        writer: Writer,
        alerts: Iterator[Alert],
        *,
        window: int,
        consumed: Callable[[], int],
        most: float = math.inf,
    ) -> None:
        self.sent = 0
        self._writer, self._alerts = writer, alerts
        self._window, self._consumed, self._most = window, consumed, most
        self._failures: list[BaseException] = []
        self._going, self._closing, self._grown = (threading.Event() for _ in range(3))
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def places(self) -> dict[PartitionOffset, Sent]:
        """The alerts that the broker has confirmed, by partition and offset."""
        return self._writer.places

    @property
    def doubtful(self) -> set[Sent]:
        """Alerts that readers may find, although they were written again."""
        return self._writer.doubtful

    @property
    def overhead(self) -> int:
        """The offsets that were written and hold no alert."""
        return self._writer.overhead

    def start(self) -> None:
        self._going.set()
        self._thread.start()

    def pause(self) -> None:
        self._going.clear()

    def resume(self) -> None:
        self._going.set()

    def use_added_partitions(self) -> None:
        self._grown.set()

    def finish(self, at_least: int) -> None:
        """Send at least so many alerts, and wait until the broker has confirmed all."""
        until(lambda: self.sent >= at_least or self._failures, 1800.0)
        self._closing.set()
        self._thread.join()
        self.confirmed()

    def confirmed(self) -> None:
        """Wait until the broker has confirmed all alerts sent."""
        assert not self._failures, f"not sent: {self._failures[:3]}"
        self._writer.flush()

    def close(self) -> None:
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                if self._going.is_set() and self.sent < self._limit():
                    alert = next(self._alerts)
                    self._writer.write(alert, self._partition(alert))
                    self.sent += 1
                else:
                    self._writer.idle()
        except BaseException as failure:  # raised by `finish`
            self._failures.append(failure)

    def _limit(self) -> float:
        return min(self._most, self._consumed() + self._window - self._writer.overhead)

    def _partition(self, alert: Alert) -> int:
        """Return the alert's partition, or an added one; the same for all alerts of an object."""
        added = self._grown.is_set() and alert.partition < ADDED and alert.key[-1] % 2
        return alert.partition + PARTITIONS if added else alert.partition


@contextmanager
def send_alerts(
    writer: Writer,
    alerts: Iterator[Alert],
    *,
    window: int,
    consumed: Callable[[], int],
    most: float = math.inf,
) -> Iterator[AlertSender]:
    running = AlertSender(writer, alerts, window=window, consumed=consumed, most=most)
    try:
        yield running
    finally:
        running.close()

"""Publish alerts at a rate; date simulated ones as if they had just been observed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Generic, TypeVar

from stampapp import times
from stampapp.alerts.alert import Alert, LabelledAlert
from stampapp.feeds.alert_encoding import EncodeAlert
from stampapp.kafka.outgoing import OutgoingMessage

T = TypeVar("T")
Deliver = Callable[[Sequence[OutgoingMessage]], Coroutine[None, None, None]]
# Most alerts in one delivery, about 60 kB each.
MAX_GROUP = 32
# Seconds that unconfirmed alerts have to be confirmed after a stop. To close the producer takes as
# long again without a cluster, and `docker stop` kills after 10 s.
STOP_TIMEOUT = 2.0
_HISTORY = ("jdstarthist", "jdendhist")


class AsJustObserved:
    """Turns simulated alerts into messages for a topic, as if they had just been observed."""

    def __init__(self, topic: str, encode: EncodeAlert) -> None:
        self._topic = topic
        self._encode = encode

    def __call__(self, one: LabelledAlert) -> OutgoingMessage:
        alert = observed_at(one.alert, mjd_now())
        return OutgoingMessage(topic=self._topic, key=alert.aid.encode(), value=self._encode(alert))


class Publisher(Generic[T]):
    """Publishes alerts at a rate; each message is made when it is due.

    `confirmed` counts the confirmed alerts, `unconfirmed` those sent last without confirmation.
    `advance` is called with the number of newly confirmed alerts.
    """

    def __init__(
        self, make_message: Callable[[T], OutgoingMessage], advance: Callable[[int], object]
    ) -> None:
        self.confirmed = 0
        self.unconfirmed = 0
        self._make_message = make_message
        self._advance = advance
        self._start: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the first alert was ready."""
        return 0.0 if self._start is None else time.monotonic() - self._start

    async def run(self, alerts: Iterator[T], deliver: Deliver, *, rate: float | None) -> None:
        """Publish until all are confirmed. Raises what `deliver` raises.

        Cancel it to stop early; a thread may then still be reading the iterator.
        """
        pace = Pace(rate=rate, max_group=MAX_GROUP)
        group = await _next_group(alerts, 1)
        self._start, taken = time.monotonic(), 0
        while group:
            await self._publish(group, deliver)
            taken += len(group)
            await asyncio.sleep(pace.pause(self.seconds, taken))
            group = await _next_group(alerts, max(1, pace.due(self.seconds, taken)))

    async def _publish(self, group: Sequence[T], deliver: Deliver) -> None:
        messages = [self._make_message(one) for one in group]
        self.unconfirmed = len(messages)
        delivering = asyncio.ensure_future(deliver(messages))
        try:
            await asyncio.shield(delivering)
        finally:
            await asyncio.wait({delivering}, timeout=STOP_TIMEOUT)
            if delivering.done() and delivering.exception() is None:
                self.unconfirmed = 0
                self.confirmed += len(messages)
                self._advance(len(messages))
            delivering.cancel()


async def _next_group(alerts: Iterator[T], most: int) -> list[T]:
    return await asyncio.to_thread(lambda: list(islice(alerts, most)))


def mjd_now() -> float:
    """Return the current time as a modified Julian date (UTC)."""
    return times.unix_to_mjd(time.time())


def observed_at(alert: Alert, mjd: float) -> Alert:
    """Return an alert as if observed at another time, its history shifted with it."""
    later = mjd - alert.mjd
    extra = dict(alert.extra_fields)
    for name in _HISTORY:
        if isinstance(value := extra.get(name), float):
            extra[name] = value + later
    return replace(alert, mjd=mjd, extra_fields=extra)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """An average of `rate` alerts per second; None: as fast as possible.

    After a delay it catches up, `max_group` alerts at a time.
    """

    rate: float | None
    max_group: int

    def due(self, elapsed: float, done: int) -> int:
        """Return how many are due after `elapsed` seconds if `done` were sent."""
        if self.rate is None:
            return self.max_group
        return max(0, min(int(elapsed * self.rate) + 1 - done, self.max_group))

    def pause(self, elapsed: float, done: int) -> float:
        """Return the seconds until the next one is due."""
        return 0.0 if self.rate is None else max(0.0, done / self.rate - elapsed)

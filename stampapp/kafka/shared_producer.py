"""The producer that all deliveries to one cluster share, and its replacement after a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka import AIOKafkaProducer

from stampapp.kafka.cluster import Cluster
from stampapp.kafka.compression import Compression
from stampapp.kafka.producer import REQUEST_TIMEOUT, start_producer, stop_producer

# Seconds that unconfirmed messages have when all deliveries end.
_CLOSING_TIMEOUT = 2.0


class SharedProducer:
    """A producer that can be replaced while deliveries use it."""

    def __init__(self, cluster: Cluster, *, idempotence: bool, compression: Compression) -> None:
        self._cluster = cluster
        self._idempotence = idempotence
        self._compression = compression
        self._current: _Started | None = None
        self._stopped = False
        self._replacing = asyncio.Lock()
        self._replaced: dict[asyncio.Task[None], AIOKafkaProducer] = {}

    @property
    def connected(self) -> bool:
        """Whether there is a producer, which need not work."""
        return self._current is not None

    async def start(self) -> None:
        """Connect. Raises ConfigError that explains the failure."""
        producer = await start_producer(
            self._cluster, idempotence=self._idempotence, compression=self._compression
        )
        if self._stopped:
            await stop_producer(producer, _CLOSING_TIMEOUT)
        else:
            self._current = _Started(producer)

    @contextmanager
    def in_use(self) -> Iterator[AIOKafkaProducer | None]:
        """Yield the producer, None without a connection; `replace` lets it run until the end."""
        if self._current is None:
            yield None
            return
        with self._current.in_use() as producer:
            yield producer

    async def replace(self, failed: AIOKafkaProducer | None) -> None:
        """Start a successor, unless there is one: an idempotent producer may never recover.

        Raises ConfigError that explains why none starts; the failed one then stays.
        """
        async with self._replacing:
            before = self._current
            if self._stopped or (before.producer if before else None) is not failed:
                return
            await self.start()
            if before and not self._stopped:
                stopping = asyncio.ensure_future(before.stop_when_unused())
                self._replaced[stopping] = before.producer
                stopping.add_done_callback(self._replaced.pop)

    async def stop(self) -> None:
        """Disconnect. Messages that are unconfirmed by then were not acknowledged either."""
        self._stopped = True
        current, self._current = self._current, None
        producers = [*self._replaced.values(), *([current.producer] if current else [])]
        for stopping in self._replaced:
            stopping.cancel()
        await asyncio.gather(*(stop_producer(one, _CLOSING_TIMEOUT) for one in producers))


class _Started:
    """A producer, and how many use it."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self.producer = producer
        self._uses = 0
        self._unused = asyncio.Event()
        self._unused.set()

    @contextmanager
    def in_use(self) -> Iterator[AIOKafkaProducer]:
        self._uses += 1
        self._unused.clear()
        try:
            yield self.producer
        finally:
            self._uses -= 1
            if not self._uses:
                self._unused.set()

    # Not before: in aiokafka 0.14 a send that waits for metadata never ends if its producer stops.
    async def stop_when_unused(self) -> None:
        await self._unused.wait()
        await stop_producer(self.producer, REQUEST_TIMEOUT)

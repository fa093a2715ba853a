"""Read up to the last stable offset, and report where there is no message to consume."""

from __future__ import annotations

import asyncio
from typing import Any

from faust.transport.drivers import aiokafka as faust_aiokafka
from faust.types import TP

from stampapp.consumer.fetched_ranges import FetchObserver
from stampapp.kafka.isolation import readable_end


class ReadableOffsetsThread(faust_aiokafka.AIOKafkaConsumerThread):
    """Reads messages of transactions as the settings say, and observes each fetch."""

    observer: FetchObserver
    _isolation_level: str

    def _create_worker_consumer(self, transport: Any) -> Any:
        runtime: Any = self.app.runtime  # type: ignore[attr-defined]
        client = super()._create_worker_consumer(transport)
        # Faust reads only committed messages in its exactly-once mode, which cannot span clusters.
        client._isolation_level = self._isolation_level = (
            runtime.required_settings().isolation_level
        )
        self.observer = FetchObserver(client._subscription)
        return client

    def highwater(self, tp: TP) -> int:
        """Return up to where a partition can be read."""
        return readable_end(self._ensure_consumer(), tp, self._isolation_level) or 0

    def undecided(self, tp: TP) -> int:
        """Return how many offsets of a partition wait for the end of a transaction."""
        return (self._ensure_consumer().highwater(tp) or 0) - self.highwater(tp)

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109  # Faust's signature
        max_records: int | None = None,
    ) -> Any:
        """Fetch without waiting, so that the observer sees who moved the positions."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (timeout or 0.0)
        while True:
            self.observer.before_fetch()
            records: Any = {}
            try:
                records = await super()._fetch_records(
                    consumer, active_partitions, timeout=0, max_records=max_records
                )
            finally:
                moved = self.observer.after_fetch(records)
            left = deadline - loop.time()
            if records or moved or left <= 0 or not self.consumer.flow_active:
                return records
            await _wait_for_data(consumer._fetcher, left)


class ReadableOffsetsConsumer(faust_aiokafka.Consumer):
    """Passes on what its thread has observed, before the messages of the fetch."""

    _thread: ReadableOffsetsThread

    def undecided(self, tp: TP) -> int:
        """Return how many offsets of a partition wait for the end of a transaction."""
        return self._thread.undecided(tp)

    async def _getmany(self, *args: Any, **kwargs: Any) -> Any:
        records = await super()._getmany(*args, **kwargs)
        found = self._thread.observer.take_found()
        # Otherwise Faust drops the records of this fetch.
        if self.flow_active:
            runtime: Any = self.app.runtime  # type: ignore[attr-defined]
            runtime.add_fetched(found)
        return records


async def _wait_for_data(fetcher: Any, seconds: float) -> None:
    """Wait until a fetch has brought something. Raises what has stopped the consumer."""
    arrived = fetcher._create_fetch_waiter()
    done, _ = await asyncio.wait([arrived], timeout=seconds)
    if done:
        arrived.result()
    else:
        arrived.cancel()

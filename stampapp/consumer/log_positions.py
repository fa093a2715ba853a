"""Go on where the log is when it does not reach the group's position, and say what became of it.

aiokafka would go on at the first offset in silence, and Faust would then drop every message below
the committed offset.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka import errors as kafka
from aiokafka.consumer.fetcher import OffsetResetStrategy
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as faust_aiokafka
from faust.types import TP

from stampapp.kafka.log_changes import (
    LogChange,
    LogChanges,
    LogReset,
    add_change,
    decode_changes,
    encode_changes,
    log_change,
)
from stampapp.kafka.message import describe_partitions

log = logging.getLogger(__name__)
# Seconds to ask for the offsets of a log; the broker refuses the position again anyway.
FIND_TIMEOUT = 5.0


class LogPositionsThread(faust_aiokafka.AIOKafkaConsumerThread):
    """Finds the positions that are not in the log, and keeps what happened with each commit.

    The client must have `auto_offset_reset="none"`.
    """

    def __post_init__(self) -> None:
        """Start without any changes; `seek_to_committed` reads them."""
        super().__post_init__()
        self._changes: dict[TP, LogChanges] = {}
        self._out_of_range: dict[TP, int] = {}

    def take_out_of_range(self) -> dict[TP, int]:
        """Return the positions that the broker has refused since the last call."""
        found, self._out_of_range = self._out_of_range, {}
        return found

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek to the committed offsets; return them, None for a partition without."""
        return await self.call_thread(self._seek_to_committed)  # type: ignore[no-any-return]

    async def _seek_to_committed(self) -> dict[TP, int | None]:
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        # The public method does not return the metadata.
        committed = await consumer._coordinator.fetch_committed_offsets(assigned)
        self._changes = {tp: decode_changes(one.metadata) for tp, one in committed.items()}
        self._out_of_range = {}
        for tp in committed.keys() & consumer.assignment():
            consumer.seek(tp, committed[tp].offset)
        # Messages that were fetched, but dropped during a rebalance, must be fetched again.
        new = (assigned - committed.keys()) & consumer.assignment()
        consumer._fetcher.request_offset_reset(new, OffsetResetStrategy.EARLIEST)
        return {tp: committed[tp].offset if tp in committed else None for tp in assigned}

    async def _fetch_records(self, consumer: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super()._fetch_records(consumer, *args, **kwargs)
        except kafka.NoOffsetForPartitionError as error:
            (tp,) = error.args
            if tp in consumer.assignment():
                # `seek_to_beginning` would wait while the partition has no leader, and meanwhile
                # no other partition is read.
                consumer._fetcher.request_offset_reset([tp], OffsetResetStrategy.EARLIEST)
        except kafka.OffsetOutOfRangeError as error:
            self._out_of_range.update(*error.args)
        return {}

    async def find_change(self, tp: TP, position: int) -> LogChange:
        """Return why the broker has refused a position. Raises KafkaError or TimeoutError."""
        return await self.call_thread(self._find_change, tp, position)  # type: ignore[no-any-return]

    async def _find_change(self, tp: TP, position: int) -> LogChange:
        consumer = self._ensure_consumer()
        # In the thread, whose calls nobody else can cancel: while aiokafka retries, up to
        # `request_timeout` for each, commits and fetches would wait for a free worker.
        async with asyncio.timeout(FIND_TIMEOUT):
            beginnings = await consumer.beginning_offsets([tp])
            ends = await consumer.end_offsets([tp])
        return log_change(
            position, beginning=beginnings[tp], end=ends[tp], noticed=round(time.time())
        )

    async def apply_change(self, tp: TP, position: int, change: LogChange) -> bool:
        """Seek to where the group goes on; return False if it is not at `position` any more."""
        return await self.call_thread(self._apply_change, tp, position, change)  # type: ignore[no-any-return]

    async def _apply_change(self, tp: TP, position: int, change: LogChange) -> bool:
        consumer = self._ensure_consumer()
        if tp not in consumer.assignment():
            return False
        # The client's `position` would wait for one, which comes only by further fetches.
        state = consumer._subscription.subscription.assignment.state_value(tp)
        if not state.has_valid_position or state.position != position:
            return False
        consumer.seek(tp, change.start)
        self.consumer._read_offset[tp] = change.start
        self._changes[tp] = add_change(self._changes.get(tp, LogChanges()), change)
        return True

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit offsets of assigned partitions, with the changes of their logs."""
        # Faust's own method commits empty metadata.
        metadata = {tp: encode_changes(self._changes.get(tp, LogChanges())) for tp in offsets}
        try:
            await self._ensure_consumer().commit(
                {
                    TopicPartition(*tp): OffsetAndMetadata(offset, metadata[tp])
                    for tp, offset in offsets.items()
                }
            )
        except kafka.CommitFailedError:
            # The group has rebalanced; whoever has the partition now consumes the messages again.
            return False
        except kafka.OffsetMetadataTooLargeError:
            return await self._commit_without_changes(offsets)
        except Exception as error:  # as Faust does: no commit can succeed any more
            await self.crash(error)
            return False
        return True

    async def _commit_without_changes(self, offsets: Mapping[TP, int]) -> bool:
        log.warning(
            "Kafka refuses to keep what became of the logs of %s, because its"
            " offset.metadata.max.bytes is too small: reconcile will not report it",
            describe_partitions((tp.topic, tp.partition) for tp in offsets),
        )
        for tp in offsets:
            self._changes.pop(tp, None)
        return await self._commit(offsets)


class LogPositionsConsumer(faust_aiokafka.Consumer):
    """Seeks the positions that its thread has found not to be in the log."""

    _thread: LogPositionsThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The last message of each partition that was handed to the streams since its last seek.
        self._last_consumed: dict[TP, int] = {}

    async def perform_seek(self) -> None:
        """Seek to the committed offsets; the messages after them are consumed again.

        The flow is stopped; whoever calls this resumes it.
        """
        # Faust may resume the flow of an earlier rebalance in the middle of the next one. Messages
        # handed out during the seek would make it drop those that are consumed again.
        self.stop_flow()
        self.app.flow_control.suspend()
        self._last_consumed.clear()
        await super().perform_seek()

    def _to_message(self, tp: TP, record: Any) -> Any:
        self._last_consumed[tp] = record.offset
        return super()._to_message(tp, record)

    async def _getmany(self, *args: Any, **kwargs: Any) -> Any:
        records = await super()._getmany(*args, **kwargs)
        for tp, position in self._thread.take_out_of_range().items():
            await self._go_on(tp, position)
        return records

    async def _go_on(self, tp: TP, position: int) -> None:
        try:
            change = await self._thread.find_change(tp, position)
        except (TimeoutError, kafka.KafkaTimeoutError, kafka.UnknownTopicOrPartitionError) as error:
            # The position stays as it is, so the broker refuses it again.
            log.warning("The offsets of %s:%d are not known yet: %r", *tp, error)
            return
        if not await self._thread.apply_change(tp, position, change):
            return
        runtime: Any = self.app.runtime  # type: ignore[attr-defined]
        partition = (tp.topic, tp.partition)
        runtime.record_log_change(partition, change)
        last_consumed = self._last_consumed.pop(tp, None)
        if isinstance(change, LogReset) and self.flow_active:
            await runtime.restart_partition(partition, change.start, last_consumed)
            # At once: when the log has grown past the old offset, nothing shows that it was cut.
            await self._commit({tp: change.start})

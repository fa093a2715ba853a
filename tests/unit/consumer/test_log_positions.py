from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka import errors as kafka
from aiokafka.consumer.fetcher import OffsetResetStrategy
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as faust_aiokafka
from faust.types import TP
from mode import Service

from stampapp.consumer import log_positions
from stampapp.consumer.log_positions import LogPositionsConsumer, LogPositionsThread
from stampapp.kafka.log_changes import ExpiredRange, LogChange, LogReset, decode_changes
from tests.support.stopwatch import AMPLE

PLACE = TopicPartition("alerts", 0)
OTHER = TopicPartition("alerts", 1)
NOTICED = 1000
EXPIRED = ExpiredRange(first=5, end=12, count=7, noticed=NOTICED)
RESET = LogReset(position=10, end=6, start=0, noticed=NOTICED)


class Client:
    """The part of aiokafka's consumer that is used, on two partitions from offset 2 to 20."""

    most_metadata = 4096

    def __init__(self, **committed: OffsetAndMetadata) -> None:
        self.committed = {TopicPartition("alerts", int(n[1:])): o for n, o in committed.items()}
        self.positions: dict[TopicPartition, int | None] = {PLACE: 5, OTHER: 30}
        self.sought: list[tuple[TopicPartition, int]] = []
        self._coordinator = self._fetcher = self
        self._subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=self))
        self.commit_error: Exception | None = None
        self.reset: set[TopicPartition] = set()

    def assignment(self) -> set[TopicPartition]:
        return set(self.positions)

    async def fetch_committed_offsets(self, asked: Iterable[TopicPartition]) -> dict[Any, Any]:
        return {one: self.committed[one] for one in asked if one in self.committed}

    def state_value(self, tp: TopicPartition) -> SimpleNamespace:
        position = self.positions[tp]
        return SimpleNamespace(has_valid_position=position is not None, position=position)

    def request_offset_reset(self, partitions: Iterable[TopicPartition], strategy: int) -> None:
        assert strategy == OffsetResetStrategy.EARLIEST
        self.reset.update(partitions)

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.sought.append((tp, offset))
        self.positions[tp] = offset

    async def beginning_offsets(self, asked: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(asked, 2)

    async def end_offsets(self, asked: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(asked, 20)

    async def commit(self, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        if self.commit_error:
            raise self.commit_error
        if any(len(one.metadata) > self.most_metadata for one in offsets.values()):
            raise kafka.OffsetMetadataTooLargeError
        self.committed |= offsets


def thread_of(client: Client) -> LogPositionsThread:
    thread = LogPositionsThread.__new__(LogPositionsThread)
    thread._consumer = client
    thread.consumer = SimpleNamespace(_read_offset={})  # type: ignore[assignment]
    thread._changes, thread._out_of_range = {}, {}
    return thread


async def test_it_seeks_to_every_committed_offset() -> None:
    client = Client(p0=OffsetAndMetadata(0, ""))
    assert await thread_of(client)._seek_to_committed() == {PLACE: 0, OTHER: None}
    assert client.sought == [(PLACE, 0)]
    # What was fetched of it before the seek may have been dropped.
    assert client.reset == {OTHER}


async def test_a_change_is_committed_with_all_later_offsets() -> None:
    client = Client()
    thread = thread_of(client)
    assert await thread._apply_change(PLACE, 5, EXPIRED)
    assert client.sought == [(PLACE, 12)]
    assert thread.consumer._read_offset == {PLACE: 12}
    assert await thread._commit({PLACE: 13, OTHER: 31})
    assert decode_changes(client.committed[PLACE].metadata).expired == (EXPIRED,)
    assert client.committed[OTHER] == OffsetAndMetadata(31, "")
    # By the next worker, too, to whom the partition is assigned.
    successor = thread_of(client)
    await successor._seek_to_committed()
    await successor._commit({PLACE: 14})
    assert client.committed[PLACE].offset == 14
    assert decode_changes(client.committed[PLACE].metadata).expired == (EXPIRED,)


async def test_a_position_that_has_changed_is_left_alone() -> None:
    client = Client()
    assert not await thread_of(client)._apply_change(PLACE, 4, EXPIRED)
    # After a rebalance, a group without commits has none until something is fetched.
    client.positions[PLACE] = None
    assert not await thread_of(client)._apply_change(PLACE, 5, EXPIRED)
    del client.positions[PLACE]
    assert not await thread_of(client)._apply_change(PLACE, 5, EXPIRED)
    assert client.sought == []


@pytest.mark.parametrize(
    ("tp", "position", "kind"), [(PLACE, 1, ExpiredRange), (OTHER, 30, LogReset)]
)
async def test_it_finds_what_has_happened(tp: TP, position: int, kind: type) -> None:
    found = await thread_of(Client())._find_change(tp, position)
    assert isinstance(found, kind)
    assert found.start == 2
    assert abs(found.noticed - time.time()) < 60


async def test_a_commit_during_a_rebalance_is_refused() -> None:
    client = Client()
    client.commit_error = kafka.CommitFailedError()
    assert not await thread_of(client)._commit({PLACE: 13})


async def test_a_broker_that_keeps_no_metadata_stops_no_worker(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = Client()
    client.most_metadata = 0
    thread = thread_of(client)
    await thread._apply_change(PLACE, 5, EXPIRED)
    assert await thread._commit({PLACE: 13})
    assert client.committed == {PLACE: OffsetAndMetadata(13, "")}
    assert "offset.metadata.max.bytes is too small" in caplog.text


@pytest.mark.parametrize(
    ("error", "reset", "refused"),
    [
        (kafka.NoOffsetForPartitionError(PLACE), {PLACE}, {}),
        (kafka.NoOffsetForPartitionError(TopicPartition("alerts", 2)), set(), {}),
        (kafka.OffsetOutOfRangeError({OTHER: 30}), set(), {OTHER: 30}),
    ],
)
async def test_a_position_that_the_broker_refuses_is_no_failure(
    error: Exception, reset: Any, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(faust_aiokafka.AIOKafkaConsumerThread, "_fetch_records", fail)
    client = Client()
    thread = thread_of(client)
    assert await thread._fetch_records(client, set()) == {}
    # Without waiting for it: the partition may have no leader.
    assert client.reset == reset
    assert client.sought == []
    assert thread.take_out_of_range() == refused
    assert thread.take_out_of_range() == {}


class Thread:
    """Finds one change, and records what is done about it."""

    def __init__(self, change: LogChange | Exception, applies: bool = True) -> None:
        self.change, self.applies = change, applies
        self.commits: list[dict[TP, int]] = []
        self.restarts: list[tuple[object, ...]] = []
        self.recorded: list[LogChange] = []

    async def find_change(self, *_: object) -> LogChange:
        if isinstance(self.change, Exception):
            raise self.change
        return self.change

    async def apply_change(self, *_: object) -> bool:
        return self.applies

    async def commit(self, offsets: dict[TP, int]) -> bool:
        self.commits.append(offsets)
        return True

    async def restart_partition(self, *arguments: object) -> None:
        self.restarts.append(arguments)

    def record_log_change(self, _: object, change: LogChange) -> None:
        self.recorded.append(change)


async def go_on(thread: Thread, *, flow_active: bool = True) -> None:
    consumer = LogPositionsConsumer.__new__(LogPositionsConsumer)
    consumer._thread = thread  # type: ignore[assignment]
    consumer.app = SimpleNamespace(runtime=thread)  # type: ignore[assignment]
    consumer.flow_active = flow_active
    consumer._last_consumed = {TP("alerts", 0): 9}
    await consumer._go_on(TP("alerts", 0), 10)


async def test_after_a_reset_the_partition_restarts_and_its_start_is_committed() -> None:
    thread = Thread(RESET)
    await go_on(thread)
    assert thread.restarts == [(("alerts", 0), 0, 9)]
    assert thread.commits == [{PLACE: 0}]
    assert thread.recorded == [RESET]


async def test_what_was_consumed_before_a_range_expired_is_committed_as_ever() -> None:
    thread = Thread(EXPIRED)
    await go_on(thread)
    assert (thread.restarts, thread.commits, thread.recorded) == ([], [], [EXPIRED])


@pytest.mark.parametrize(
    "thread",
    [
        Thread(RESET, applies=False),
        Thread(kafka.KafkaTimeoutError()),
        Thread(TimeoutError()),
        Thread(kafka.UnknownTopicOrPartitionError()),
    ],
)
async def test_a_position_that_is_not_moved_is_not_recorded(thread: Thread) -> None:
    await go_on(thread)
    assert (thread.restarts, thread.commits, thread.recorded) == ([], [], [])


async def test_a_rebalance_that_begins_meanwhile_forgets_the_partition_anyway() -> None:
    thread = Thread(RESET)
    await go_on(thread, flow_active=False)
    assert (thread.restarts, thread.commits, thread.recorded) == ([], [], [RESET])


class FetchingConsumer(LogPositionsConsumer):
    """Hands out offsets 100 to 399 slowly; seeking to 100 takes until `may_seek` is set."""

    def __init__(self, app: faust.App) -> None:
        super().__init__(
            app.transport,
            callback=self.hand_out,
            on_partitions_revoked=_rebalance,
            on_partitions_assigned=_rebalance,
        )
        self.next_offset = 100
        self.may_seek = asyncio.Event()
        self.queue = app.FlowControlQueue(maxsize=1000, clear_on_resume=True)

    def _new_consumer_thread(self) -> Any:
        return Service()

    async def hand_out(self, message: Any) -> None:
        await self.app.flow_control.acquire()
        await self.queue.put(message.offset)
        await asyncio.sleep(0.001)

    async def _getmany(self, *_: object, **__: object) -> Any:
        fields = dict.fromkeys(ConsumerRecord.__dataclass_fields__)
        offsets, self.next_offset = range(self.next_offset, 400), 400
        records = [ConsumerRecord(**fields | {"offset": one}) for one in offsets]
        await asyncio.sleep(0 if records else 0.05)
        return {PLACE: records} if records else {}

    async def seek_to_committed(self) -> Mapping[TP, int]:
        await self.may_seek.wait()
        self.next_offset = 100
        return {TP(*PLACE): 100}

    def highwater(self, _: TP) -> int:
        return 400

    def resume(self) -> None:
        self.app.flow_control.resume()
        self.resume_flow()


async def _rebalance(*_: object) -> None:
    pass


class SilentClient(Client):
    """Gives no offsets of a log, as for a partition without a leader."""

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    async def beginning_offsets(self, asked: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        await asyncio.sleep(AMPLE)
        return await super().beginning_offsets(asked)


class SilentThread(LogPositionsThread):
    def _create_consumer(self, loop: asyncio.AbstractEventLoop) -> Any:  # noqa: ARG002
        return SilentClient(p0=OffsetAndMetadata(7, ""), p1=OffsetAndMetadata(30, ""))


async def test_a_log_whose_offsets_nobody_gives_does_not_hold_up_other_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_positions, "FIND_TIMEOUT", 0.05)
    app = faust.App("test", broker="kafka://localhost:1", store="memory://")
    thread = SilentThread(FetchingConsumer(app))
    await thread.start()
    try:
        async with asyncio.timeout(AMPLE / 8):
            # As many as the thread makes calls at the same time, and one.
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    await thread.find_change(PLACE, 5)
            assert await thread.seek_to_committed() == {PLACE: 7, OTHER: 30}
    finally:
        await thread.stop()


async def test_a_seek_while_messages_are_handed_out_loses_none() -> None:
    app = faust.App("test", broker="kafka://localhost:1", store="memory://")
    consumer = FetchingConsumer(app)
    consumer._set_active_tps({TP(*PLACE)})
    # As Faust does when the end of an earlier rebalance is late.
    consumer.resume()
    fetcher: Any = SimpleNamespace(_stopped=asyncio.Event())
    fetching = asyncio.ensure_future(consumer._drain_messages(fetcher))
    async with asyncio.timeout(30):
        assert await consumer.queue.get() == 100
        seek = asyncio.ensure_future(consumer.perform_seek())
        await asyncio.sleep(0.05)
        consumer.may_seek.set()
        await seek
        consumer.resume()
        consumed = [await consumer.queue.get() for _ in range(300)]
    fetching.cancel()
    assert consumed == list(range(100, 400))

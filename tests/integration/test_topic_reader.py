"""Reading topics from both brokers."""

from __future__ import annotations

import time

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from stampapp.errors import ConfigError
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.isolation import READ_COMMITTED, READ_UNCOMMITTED
from stampapp.kafka.message import Message, Partition
from stampapp.kafka.offset_ranges import OffsetRange
from stampapp.kafka.topic_reader import READ_TIMEOUT, TopicReader
from tests.support.apache_kafka import ApacheKafka
from tests.support.ports import free_ports
from tests.support.topics import Record, create_topics, produce
from tests.support.transactions import Transactions

pytestmark = pytest.mark.usefixtures("time_to_close")

OLD = 1_600_000_000_000


@pytest.fixture(params=["kafka", "tansu"])
def bootstrap(request: pytest.FixtureRequest) -> str:
    broker = request.getfixturevalue(request.param)
    return broker.bootstrap if isinstance(broker, ApacheKafka) else str(broker)


def cluster(bootstrap: str) -> Cluster:
    return Cluster(role="scribe", servers=(bootstrap,))


def fill(bootstrap: str, topic: str, count: int) -> None:
    """Fill a topic with three partitions; the last one stays empty."""
    create_topics(bootstrap, {topic: 3})
    produce(
        bootstrap,
        topic,
        (
            Record(b"k%d" % n, b"v%d" % n, n % 2, [("n", b"%d" % n)], OLD + 1000 * n)
            for n in range(count)
        ),
    )


async def everything(reader: TopicReader, spans: dict[Partition, OffsetRange]) -> list[Message]:
    return [one async for messages in reader.read_ranges(spans) for one in messages]


async def test_reads_all_messages_to_the_end(bootstrap: str) -> None:
    fill(bootstrap, "back", 50)
    async with TopicReader(cluster(bootstrap)) as reader:
        partitions = (await reader.list_partitions())["back"]
        assert partitions == [("back", 0), ("back", 1), ("back", 2)]
        beginnings = await reader.first_offsets(partitions)
        start = time.monotonic()
        found = await everything(reader, {at: OffsetRange(first=n) for at, n in beginnings.items()})
        # If it missed an end, it would wait that long.
        assert time.monotonic() - start < READ_TIMEOUT / 2
    assert {(m.partition, m.offset): (m.key, m.value, m.headers, m.timestamp) for m in found} == {
        (n % 2, n // 2): (b"k%d" % n, b"v%d" % n, (("n", b"%d" % n),), OLD + 1000 * n)
        for n in range(50)
    }
    for partition in (0, 1):
        offsets = [one.offset for one in found if one.partition == partition]
        assert offsets == list(range(25))


async def test_reads_only_the_range(bootstrap: str) -> None:
    fill(bootstrap, "span", 50)
    async with TopicReader(cluster(bootstrap)) as reader:
        spans = {
            ("span", 0): OffsetRange(first=3, end=7),
            ("span", 1): OffsetRange(first=24),
            ("span", 2): NONE,
        }
        found = await everything(reader, spans)
    assert sorted((one.partition, one.offset) for one in found) == [
        *((0, offset) for offset in (3, 4, 5, 6)),
        (1, 24),
    ]


NONE = OffsetRange(first=0)


async def test_reads_single_offsets(bootstrap: str) -> None:
    fill(bootstrap, "few-of-many", 100)
    async with TopicReader(cluster(bootstrap)) as reader:
        wanted = {("few-of-many", 0): [0, 1, 30, 49], ("few-of-many", 1): [7]}
        found = [one async for one in reader.read_offsets(wanted)]
    assert [(one.partition, one.offset, one.value) for one in found] == [
        (0, 0, b"v0"),
        (0, 1, b"v2"),
        (0, 30, b"v60"),
        (0, 49, b"v98"),
        (1, 7, b"v15"),
    ]


async def test_committed_offsets_of_a_group(bootstrap: str) -> None:
    fill(bootstrap, "group", 10)
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "some"})
    consumer.commit(offsets=[TopicPartition("group", 1, 4)], asynchronous=False)
    consumer.close()
    partitions = [("group", number) for number in range(3)]
    async with TopicReader(cluster(bootstrap)) as reader:
        assert await reader.committed_offsets("some", partitions) == {("group", 1): 4}
        assert await reader.committed_offsets("never-seen", partitions) == {}


async def test_finds_offsets_by_time(kafka: ApacheKafka) -> None:
    fill(kafka.bootstrap, "times", 10)
    partitions = [("times", number) for number in range(3)]
    async with TopicReader(cluster(kafka.bootstrap)) as reader:
        assert await reader.offsets_at_time(partitions, OLD + 5500) == {
            ("times", 0): 3,
            ("times", 1): 3,
            ("times", 2): None,
        }
        assert await reader.offsets_at_time(partitions, OLD + 8000) == {
            ("times", 0): 4,
            ("times", 1): 4,
            ("times", 2): None,
        }
        assert await reader.end_offsets(partitions) == {
            ("times", 0): 5,
            ("times", 1): 5,
            ("times", 2): 0,
        }


async def test_skips_removed_messages(kafka: ApacheKafka) -> None:
    fill(kafka.bootstrap, "removed", 20)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for done in admin.delete_records([TopicPartition("removed", 0, 6)]).values():
        done.result(30)
    async with TopicReader(cluster(kafka.bootstrap)) as reader:
        assert await reader.first_offsets([("removed", 0)]) == {("removed", 0): 6}
        found = [one async for one in reader.read_offsets({("removed", 0): [2, 4, 6, 9]})]
    assert [one.offset for one in found] == [6, 9]


async def test_a_log_that_ends_before_an_offset_is_not_read_again(kafka: ApacheKafka) -> None:
    fill(kafka.bootstrap, "shorter", 20)
    beyond = {("shorter", 0): OffsetRange(first=14, end=16), ("shorter", 1): OffsetRange(first=12)}
    across = {("shorter", 0): OffsetRange(first=8, end=16)}
    cut_short: list[Partition] = []
    start = time.monotonic()
    async with TopicReader(cluster(kafka.bootstrap)) as reader:
        found = [one async for one in reader.read_ranges(beyond, cut_short.append)]
        assert [one.offset for one in await everything(reader, across)] == [8, 9]
        offsets = {("shorter", 0): 10, ("shorter", 1): 11, ("shorter", 2): 0}
        assert await reader.find_cut_short(offsets) == {("shorter", 1)}
    assert found == []
    assert sorted(cut_short) == [("shorter", 0), ("shorter", 1)]
    # It would wait that long for messages of the range.
    assert time.monotonic() - start < READ_TIMEOUT / 2


@pytest.mark.parametrize(
    ("isolation_level", "values", "end"),
    [(READ_COMMITTED, [b"1", b"2"], 5), (READ_UNCOMMITTED, [b"1", b"aborted", b"2", b"open"], 6)],
)
async def test_reads_transactions_as_the_isolation_level_says(
    kafka: ApacheKafka, isolation_level: str, values: list[bytes], end: int
) -> None:
    topic = f"transactions-{isolation_level}"
    create_topics(kafka.bootstrap, {topic: 1})
    # Markers are at 1 and 3.
    producer = Transactions(kafka.bootstrap, topic)
    producer.commit([Record(None, b"1")])
    producer.abort([Record(None, b"aborted")])
    produce(kafka.bootstrap, topic, [Record(None, b"2")])
    start = time.monotonic()
    with producer.open([Record(None, b"open")]):
        async with TopicReader(cluster(kafka.bootstrap), isolation_level) as reader:
            assert await reader.end_offsets([(topic, 0)]) == {(topic, 0): end}
            # One goes to the end, the other beyond what can be read.
            for span in (NONE, OffsetRange(first=0, end=100)):
                found = await everything(reader, {(topic, 0): span})
                assert [one.value for one in found] == values
    assert time.monotonic() - start < READ_TIMEOUT / 2


async def test_unreachable_cluster_is_named() -> None:
    (port,) = free_ports(1)
    start = time.monotonic()
    with pytest.raises(ConfigError, match=rf"scribe.*127\.0\.0\.1:{port}.*SCRIBE_SERVER"):
        async with TopicReader(cluster(f"127.0.0.1:{port}")):
            pass
    assert time.monotonic() - start < 15

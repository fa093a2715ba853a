"""Deliveries to real brokers: confirmation, retries, timeouts and topic creation."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiokafka.cluster import ClusterMetadata
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from stampapp.errors import ConfigError, DeliveryError
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.compression import Compression
from stampapp.kafka.delivery import Delivery
from stampapp.kafka.offset_ranges import OffsetRange
from stampapp.kafka.outgoing import OutgoingMessage
from stampapp.kafka.topic_reader import TopicReader
from tests.support.apache_kafka import ApacheKafka
from tests.support.ports import free_ports
from tests.support.topics import create_topics, read_all

pytestmark = pytest.mark.usefixtures("time_to_close")


def cluster(bootstrap: str) -> Cluster:
    return Cluster(role="producer", servers=(bootstrap,))


@asynccontextmanager
async def delivery(
    bootstrap: str,
    *,
    idempotence: bool = True,
    compression: Compression = Compression.NONE,
    patience: float = 60.0,
    optional: bool = False,
) -> AsyncIterator[Delivery]:
    service = Delivery(
        cluster(bootstrap),
        idempotence=idempotence,
        compression=compression,
        timeout=patience,
        optional=optional,
    )
    await service.start()
    try:
        yield service
    finally:
        await service.stop()


def topic() -> str:
    return f"delivered-{secrets.token_hex(4)}"


def messages(name: str, count: int) -> list[OutgoingMessage]:
    return [OutgoingMessage(topic=name, key=b"%d" % n, value=b"v%d" % n) for n in range(count)]


def retention(bootstrap: str, name: str) -> str | None:
    resource = ConfigResource(ResourceType.TOPIC, name)
    admin = AdminClient({"bootstrap.servers": bootstrap})
    value: str | None = (
        admin.describe_configs([resource])[resource].result(10)["retention.ms"].value
    )
    return value


async def test_confirmed_messages_are_on_the_broker_unchanged(kafka: ApacheKafka) -> None:
    name = topic()
    outgoing = OutgoingMessage(
        topic=name,
        key=b"k",
        value=None,
        headers=(("a", b"1"), ("a", b"2")),
        timestamp=1234567890123,
    )
    async with delivery(kafka.bootstrap) as service:
        await service.deliver([outgoing, *messages(name, 300)])
        assert not service.failing
        assert service.retries == 0
    found = read_all(kafka.bootstrap, name)
    assert len(found) == 301
    (first,) = (message for message in found if message.value is None)
    assert (first.key, first.timestamp) == (b"k", 1234567890123)
    assert list(first.headers) == [("a", b"1"), ("a", b"2")]


@pytest.mark.parametrize("compression", Compression)
async def test_messages_are_compressed_and_read_again(
    kafka: ApacheKafka, compression: Compression
) -> None:
    name = topic()
    create_topics(kafka.bootstrap, {name: 1})
    sent = messages(name, 300)
    async with delivery(kafka.bootstrap, compression=compression) as service:
        await service.deliver(sent)
    assert kafka.codecs(name) == {compression}
    values = [one.value for one in sent]
    assert [one.value for one in read_all(kafka.bootstrap, name)] == values
    async with TopicReader(cluster(kafka.bootstrap)) as reader:
        found = [one async for one in reader.read_ranges({(name, 0): OffsetRange(first=0)})]
    assert [one.value for chunk in found for one in chunk] == values


async def test_delivers_without_idempotence_to_the_embedded_broker(tansu: str) -> None:
    name = topic()
    async with delivery(tansu, idempotence=False) as service:
        await service.deliver(messages(name, 10))
    assert {message.value for message in read_all(tansu, name)} == {b"v%d" % n for n in range(10)}


async def test_messages_are_delivered_while_another_delivery_replaces_the_producer(
    kafka: ApacheKafka,
) -> None:
    narrow, wide = topic(), topic()
    create_topics(kafka.bootstrap, {narrow: 1}, {"max.message.bytes": "1000"})
    create_topics(kafka.bootstrap, {wide: 1})
    small = OutgoingMessage(topic=narrow, key=b"k", value=b"small")
    large = small
    for _ in range(20):
        large = replace(small, value=b"large" * 1000, fallback=large)
    async with delivery(kafka.bootstrap) as service:
        refused = asyncio.ensure_future(service.deliver([large]))
        while not refused.done():
            await service.deliver(messages(wide, 10))
        await refused
        assert service.retries == 20


async def test_delivers_after_a_broker_restart(kafka: ApacheKafka) -> None:
    name = topic()
    create_topics(kafka.bootstrap, {name: 1})
    async with delivery(kafka.bootstrap) as service:
        await service.deliver(messages(name, 5))
        kafka.kill()
        try:
            waiting = asyncio.create_task(service.deliver(messages(name, 50)))
            await asyncio.sleep(3.0)
            assert not waiting.done()
        finally:
            # Not in another thread: the broker ends with the thread that starts it.
            kafka.restart()
        await asyncio.wait_for(waiting, 60)
        assert not service.failing
    values = {message.value for message in read_all(kafka.bootstrap, name)}
    assert values == {b"v%d" % n for n in range(50)}


async def test_fatal_error_is_not_retried(kafka: ApacheKafka) -> None:
    name = topic()
    create_topics(kafka.bootstrap, {name: 1}, {"max.message.bytes": "10"})
    async with delivery(kafka.bootstrap) as service:
        with pytest.raises(DeliveryError, match=f"refuses 1 message for {name}"):
            await asyncio.wait_for(service.deliver(messages(name, 1)), 10)
        assert service.failing


async def test_delivery_fails_after_the_timeout(kafka: ApacheKafka) -> None:
    with ApacheKafka() as other:
        async with delivery(other.bootstrap, patience=2.0) as service:
            create_topics(other.bootstrap, {"t": 1})
            await service.deliver(messages("t", 1))
            other.kill()
            with pytest.raises(DeliveryError, match="DELIVERY_TIMEOUT"):
                await asyncio.wait_for(service.deliver(messages("t", 1)), 90)


@pytest.mark.parametrize("broker", ["kafka", "tansu"])
async def test_nightly_topic_is_created_with_its_retention(
    broker: str, kafka: ApacheKafka, tansu: str
) -> None:
    bootstrap = kafka.bootstrap if broker == "kafka" else tansu
    name = topic()
    async with delivery(bootstrap, idempotence=broker == "kafka") as service:
        await service.ensure_topic(name, 691_200_000)
        await service.ensure_topic(name, 691_200_000)
        await service.deliver(messages(name, 1))
    assert retention(bootstrap, name) == "691200000"


async def test_nightly_topic_has_its_retention_after_an_outage(kafka: ApacheKafka) -> None:
    name = topic()
    async with delivery(kafka.bootstrap) as service:
        kafka.kill()
        try:
            waiting = asyncio.create_task(service.ensure_topic(name, 691_200_000))
            await asyncio.sleep(2.0)
            assert not waiting.done()
            failing = [service.failing]
        finally:
            kafka.restart()
        await asyncio.wait_for(waiting, 60)
        await service.deliver(messages(name, 1))
        failing.append(service.failing)
    assert failing == [True, False]
    assert retention(kafka.bootstrap, name) == "691200000"


async def test_topic_that_cannot_be_created_is_left_to_auto_creation(kafka: ApacheKafka) -> None:
    async with delivery(kafka.bootstrap) as service:
        await asyncio.wait_for(service.ensure_topic("no/topic", 691_200_000), 10)
        assert not service.failing


async def test_topic_is_created_when_the_cluster_has_a_controller(
    kafka: ApacheKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = topic()
    async with delivery(kafka.bootstrap) as service:
        with monkeypatch.context() as election:
            nobody = property(lambda _: None, lambda *_: None)
            election.setattr(ClusterMetadata, "controller", nobody, raising=False)
            waiting = asyncio.create_task(service.ensure_topic(name, 691_200_000))
            await asyncio.sleep(1.0)
            assert not waiting.done()
        await asyncio.wait_for(waiting, 30)
    assert retention(kafka.bootstrap, name) == "691200000"


async def test_existing_topic_keeps_its_retention(kafka: ApacheKafka) -> None:
    name = topic()
    create_topics(kafka.bootstrap, {name: 3}, {"retention.ms": "5000"})
    async with delivery(kafka.bootstrap) as service:
        await service.ensure_topic(name, 691_200_000)
    assert retention(kafka.bootstrap, name) == "5000"


async def test_unreachable_cluster_is_a_config_error() -> None:
    (port,) = free_ports(1)
    unused = f"127.0.0.1:{port}"
    with pytest.raises(
        ConfigError, match=f"the producer's cluster {unused} .* check PRODUCER_SERVER"
    ):
        async with delivery(unused):
            raise AssertionError("it started")


async def test_optional_cluster_may_be_down() -> None:
    (port,) = free_ports(1)
    async with delivery(f"127.0.0.1:{port}", optional=True) as service:
        assert not await service.try_once(messages("t", 1)[0])


async def test_deleted_topic_is_created_again_with_its_retention() -> None:
    name = topic()
    with ApacheKafka(properties={"auto.create.topics.enable": "false"}) as broker:
        async with delivery(broker.bootstrap) as service:
            await service.ensure_topic(name, 86_400_000)
            await service.deliver(messages(name, 3))
            admin = AdminClient({"bootstrap.servers": broker.bootstrap})
            admin.delete_topics([name])[name].result(10)
            await service.ensure_topic(name, 86_400_000)
            # Without it, the delivery would fail after the 60 s of its patience.
            await asyncio.wait_for(service.deliver(messages(name, 7)), 30)
        assert len(read_all(broker.bootstrap, name)) == 7
        assert retention(broker.bootstrap, name) == "86400000"

"""Deliveries with a fake producer; the integration tests use real brokers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
from aiokafka import errors as kafka

from stampapp.errors import ConfigError, DeliveryError
from stampapp.kafka import connection, producer, send_attempts
from stampapp.kafka import delivery as deliveries
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.delivery import Delivery
from stampapp.kafka.outgoing import OutgoingMessage

CLUSTER = Cluster(
    role="scribe",
    servers=("one:9092",),
    protocol="SASL_PLAINTEXT",
    username="user",
    password="hush",
)


class BrokerLog(list[dict[str, Any]]):
    """The messages sent to the fake cluster, and its errors by message value, each used once."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[bytes | None, list[Exception]] = {}
        self.refusals: dict[bytes | None, list[Exception]] = {}
        self.starts: list[Exception] = []
        self.options: list[dict[str, Any]] = []
        self.stopped = 0
        self.problem: str | None = None
        self.silent = False

    async def diagnosis(self, *_: object) -> str | None:
        return self.problem

    @property
    def values(self) -> list[bytes | None]:
        return [one["value"] for one in self]


class FakeProducer:
    cluster: BrokerLog

    def __init__(self, **options: Any) -> None:
        self.cluster.options.append(options)
        # Its requests for metadata are paced.
        self.client = Mock()

    async def start(self) -> None:
        if self.cluster.starts:
            raise self.cluster.starts.pop(0)

    async def stop(self) -> None:
        self.cluster.stopped += 1

    async def send(self, topic: str, value: bytes | None, **more: Any) -> asyncio.Future[None]:
        if self.cluster.refusals.get(value):
            raise self.cluster.refusals[value].pop(0)
        self.cluster.append({"topic": topic, "value": value, **more})
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.cluster.silent:
            return answer
        if self.cluster.answers.get(value):
            answer.set_exception(self.cluster.answers[value].pop(0))
        else:
            answer.set_result(None)
        return answer


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> BrokerLog:
    sent = BrokerLog()
    monkeypatch.setattr(FakeProducer, "cluster", sent, raising=False)
    monkeypatch.setattr(producer, "AIOKafkaProducer", FakeProducer)
    monkeypatch.setattr(connection, "find_connection_problem", sent.diagnosis)
    monkeypatch.setattr(deliveries, "_MIN_RETRY_DELAY", 0.001)
    monkeypatch.setattr(deliveries, "_MAX_RETRY_DELAY", 0.002)
    monkeypatch.setattr(deliveries, "_OPTIONAL_RETRY_DELAY", 0.05)
    return sent


@asynccontextmanager
async def connected(
    seconds: float = 30.0, *, idempotence: bool = True, optional: bool = False
) -> AsyncIterator[Delivery]:
    delivery = Delivery(CLUSTER, idempotence=idempotence, timeout=seconds, optional=optional)
    await delivery.start()
    try:
        yield delivery
    finally:
        await delivery.stop()


def messages(*values: bytes) -> list[OutgoingMessage]:
    """Messages of as many objects."""
    return [OutgoingMessage(topic="t", key=b"k" + value, value=value) for value in values]


async def test_sends_messages_unchanged(cluster: BrokerLog) -> None:
    outgoing = OutgoingMessage(
        topic="t", key=None, value=b"v", headers=(("h", b"\xff"),), timestamp=7, partition=3
    )
    async with connected() as delivery:
        await delivery.deliver([outgoing])
        assert not delivery.failing
    assert cluster == [
        {
            "topic": "t",
            "value": b"v",
            "key": None,
            "headers": [("h", b"\xff")],
            "timestamp_ms": 7,
            "partition": 3,
        }
    ]


@pytest.mark.parametrize("idempotence", [True, False])
async def test_the_producer_waits_for_all_replicas(cluster: BrokerLog, idempotence: bool) -> None:
    async with connected(idempotence=idempotence):
        (options,) = cluster.options
    assert options["acks"] == "all"
    assert options["enable_idempotence"] is idempotence
    assert options["bootstrap_servers"] == ["one:9092"]
    assert options["sasl_plain_username"] == "user"


async def test_resends_only_unconfirmed_messages(cluster: BrokerLog) -> None:
    cluster.answers = {b"2": [kafka.RequestTimedOutError(), kafka.NotLeaderForPartitionError()]}
    async with connected() as delivery:
        await delivery.deliver(messages(b"1", b"2", b"3"))
        assert (delivery.retries, delivery.failing) == (2, False)
    assert cluster.values == [b"1", b"2", b"3", b"2", b"2"]


async def test_resends_what_follows_a_failed_message_of_the_same_key(cluster: BrokerLog) -> None:
    cluster.answers = {b"A1": [kafka.RequestTimedOutError(), kafka.RequestTimedOutError()]}
    objects = [b"A", b"B", b"A", None, b"A", b"B", None]
    outgoing = [
        OutgoingMessage(topic="t", key=key, value=(key or b"-") + str(number).encode())
        for number, key in enumerate(objects, 1)
    ]
    async with connected() as delivery:
        await delivery.deliver(outgoing)
    of_a = [b"A1", b"A3", b"A5"]
    assert cluster.values == [one.value for one in outgoing] + of_a + of_a


async def test_a_smaller_form_keeps_its_place_before_the_next_of_its_key(
    cluster: BrokerLog,
) -> None:
    cluster.answers = {
        b"large": [kafka.MessageSizeTooLargeError(), kafka.MessageSizeTooLargeError()]
    }
    small, later = (OutgoingMessage(topic="t", key=b"A", value=one) for one in (b"small", b"later"))
    large = replace(small, value=b"large", fallback=small)
    async with connected() as delivery:
        await delivery.deliver([large, *messages(b"other"), later])
    assert cluster.values[-2:] == [b"small", b"later"]


async def test_resends_unaccepted_messages_in_order(
    cluster: BrokerLog,
) -> None:
    cluster.refusals = {b"2": [kafka.KafkaTimeoutError()]}
    cluster.answers = {b"1": [kafka.RequestTimedOutError()]}
    async with connected() as delivery:
        await delivery.deliver(messages(b"1", b"2", b"3"))
    assert cluster.values == [b"1", b"1", b"2", b"3"]


async def test_replaces_and_stops_a_failed_producer(cluster: BrokerLog) -> None:
    cluster.answers = {b"1": [kafka.RequestTimedOutError()]}
    async with connected() as delivery:
        await delivery.deliver(messages(b"1"))
        assert len(cluster.options) == 2
        await asyncio.sleep(0.01)
        assert cluster.stopped == 1
    assert cluster.stopped == 2


async def test_retries_while_the_cluster_is_unreachable(cluster: BrokerLog) -> None:
    cluster.answers = {b"1": [kafka.RequestTimedOutError(), kafka.RequestTimedOutError()]}
    cluster.starts = []
    async with connected() as delivery:
        cluster.starts = [kafka.KafkaConnectionError(), OSError("refused")]
        await delivery.deliver(messages(b"1"))
    assert cluster.values == [b"1"] * 3


@pytest.mark.parametrize(
    "error",
    [
        kafka.MessageSizeTooLargeError(),
        kafka.TopicAuthorizationFailedError(),
        kafka.ClusterAuthorizationFailedError(),
        kafka.InvalidTopicError(),
    ],
)
async def test_does_not_retry_fatal_errors(cluster: BrokerLog, error: Exception) -> None:
    cluster.answers = {b"1": [error]}
    async with connected() as delivery:
        with pytest.raises(DeliveryError, match=type(error).__name__) as raised:
            await delivery.deliver(messages(b"1"))
        assert delivery.failing
    assert "scribe's cluster one:9092" in str(raised.value)
    assert "hush" not in str(raised.value)
    assert cluster.values == [b"1"]


async def test_sends_the_fallback_of_the_refused_message_only(
    cluster: BrokerLog,
) -> None:
    """The broker refuses the whole batch; sending one at a time shows which message it is."""
    small = OutgoingMessage(topic="t", key=b"k", value=b"2", headers=(("h", b"small"),))
    large = replace(small, headers=(("h", b"large"),), fallback=small)
    too_large = kafka.MessageSizeTooLargeError()
    cluster.answers = {b"1": [too_large], b"2": [too_large, too_large], b"3": [too_large]}
    one, _, three = (replace(large, value=value) for value in (b"1", b"2", b"3"))
    async with connected() as delivery:
        await delivery.deliver([one, large, three])
        assert not delivery.failing
    assert cluster.values == [b"1", b"2", b"3", b"1", b"2", b"2", b"3"]
    assert [dict(sent["headers"])["h"] for sent in cluster[3:]] == [
        *(b"large", b"large"),
        *(b"small", b"large"),
    ]


async def test_message_too_large_in_every_form_raises_with_a_remedy(cluster: BrokerLog) -> None:
    small = OutgoingMessage(topic="t", key=b"k", value=b"1234")
    cluster.answers = {b"1234": [kafka.MessageSizeTooLargeError()] * 9}
    async with connected() as delivery:
        with pytest.raises(
            DeliveryError, match=r"raise max\.message\.bytes of the topic t: .* 5 B"
        ):
            await delivery.deliver([replace(small, headers=(("h", b"v"),), fallback=small)])
    assert len(cluster) == 2


async def test_raises_after_the_timeout(cluster: BrokerLog) -> None:
    cluster.answers = {b"1": [kafka.RequestTimedOutError()] * 1000}
    async with connected(0.02) as delivery:
        with pytest.raises(DeliveryError, match=r"0\.02 s \(DELIVERY_TIMEOUT\).*RequestTimedOut"):
            await delivery.deliver(messages(b"1"))
        assert delivery.failing
    assert len(cluster) > 1


async def test_failing_from_first_failure_to_next_success(cluster: BrokerLog) -> None:
    async with connected() as delivery:
        cluster.answers = {b"1": [kafka.RequestTimedOutError()] * 50}
        under_way = asyncio.ensure_future(delivery.deliver(messages(b"1")))
        async with asyncio.timeout(5):
            while not delivery.failing:  # noqa: ASYNC110  # there is no event for it
                await asyncio.sleep(0.001)
        assert not under_way.done()
        cluster.answers.clear()
        await under_way
        assert not delivery.failing


async def test_raises_after_stop(cluster: BrokerLog) -> None:
    async with connected() as delivery:
        pass
    with pytest.raises(DeliveryError, match="is closed"):
        await delivery.deliver(messages(b"1"))
    assert cluster == []


async def test_no_messages_need_no_connection(cluster: BrokerLog) -> None:
    async with connected() as delivery:
        pass
    await delivery.deliver([])


async def test_try_once_does_not_retry(cluster: BrokerLog) -> None:
    cluster.answers = {b"1": [kafka.RequestTimedOutError()]}
    (outgoing,) = messages(b"1")
    async with connected(optional=True) as delivery:
        assert not await delivery.try_once(outgoing)
        assert cluster.values == [b"1"]
        assert await delivery.try_once(outgoing)


async def test_try_once_replaces_a_producer_that_gets_no_answer(
    cluster: BrokerLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(send_attempts, "REQUEST_TIMEOUT", 0.02)
    cluster.silent = True
    (outgoing,) = messages(b"1")
    async with connected(optional=True) as delivery:
        assert not await delivery.try_once(outgoing)
        assert "has not confirmed 1 message for t: TimeoutError('no answer in 0.02 s')" in (
            caplog.text
        )
        assert len(cluster.options) == 2


async def test_try_once_does_not_replace_a_shared_producer(
    cluster: BrokerLog,
) -> None:
    cluster.answers = {b"1": [kafka.TopicAuthorizationFailedError()]}
    (outgoing,) = messages(b"1")
    async with connected() as delivery:
        assert not await delivery.try_once(outgoing)
        assert len(cluster.options) == 1


async def test_start_raises_with_the_connection_problem(
    cluster: BrokerLog,
) -> None:
    cluster.starts = [kafka.KafkaConnectionError("Unable to bootstrap")]
    cluster.problem = "it refuses user 'user'; check SCRIBE_SASL_PASSWORD"
    with pytest.raises(ConfigError, match="it refuses user 'user'; check SCRIBE_SASL_PASSWORD"):
        async with connected():
            pytest.fail("it has started")
    assert cluster.stopped == 1


@pytest.mark.parametrize(
    ("error", "idempotence", "message"),
    [
        (kafka.ClusterAuthorizationFailedError(), True, "grant IDEMPOTENT_WRITE on the cl"),
        (kafka.UnknownError(), True, "PRODUCER_IDEMPOTENCE=false for a broker without"),
        (
            kafka.UnknownError(),
            False,
            r"no producer starts \(UnknownError\(\)\); check SCRIBE_SERVER",
        ),
    ],
)
async def test_start_explains_why_no_producer_starts(
    cluster: BrokerLog, error: Exception, idempotence: bool, message: str
) -> None:
    cluster.starts = [error]
    with pytest.raises(
        ConfigError, match=f"the scribe's cluster one:9092 accepts connections.*{message}"
    ):
        async with connected(idempotence=idempotence):
            pytest.fail("it has started")


async def test_optional_cluster_may_be_down_at_start(cluster: BrokerLog) -> None:
    cluster.starts = [kafka.KafkaConnectionError(), kafka.KafkaConnectionError()]
    (outgoing,) = messages(b"1")
    async with connected(optional=True) as delivery:
        assert not await delivery.try_once(outgoing)
        # It does not reconnect for every message.
        assert not await delivery.try_once(outgoing)
        assert len(cluster.options) == 2
        await asyncio.sleep(0.06)
        assert await delivery.try_once(outgoing)
    assert cluster.values == [b"1"]


@pytest.mark.parametrize(
    "error",
    [kafka.InvalidReplicationFactorError(), kafka.NotControllerError()],
)
async def test_a_topic_is_created_after_an_error_of_the_moment(
    cluster: BrokerLog, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    answers = [error, None]

    async def create(*_: object) -> None:
        if answer := answers.pop(0):
            raise answer

    monkeypatch.setattr(deliveries, "create_topic", create)
    async with connected() as delivery:
        await delivery.ensure_topic("t", 86_400_000)
    assert answers == []

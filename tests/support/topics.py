"""An independent client's view of topics, on confluent-kafka: for tests, on any broker.

Ends of partitions are taken from fetches, not from ListOffsets: the embedded broker answers the
latter with the start of the last batch plus one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, cast

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic

from tests.support.producer import Headers, Record, produce
from tests.support.stopwatch import AMPLE

__all__ = [
    "Headers",
    "Message",
    "Record",
    "committed",
    "create_topics",
    "decided_offsets_to_commit",
    "end_offsets",
    "offsets_to_commit",
    "produce",
    "read_all",
    "wait_for_count",
]


# A broker that has just started is still loading; the client does not retry all of its answers.
LOADING = (
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
)
PASSING = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)


@dataclass(frozen=True, kw_only=True)
class Message:
    """What was read; the timestamp in milliseconds."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: int


def create_topics(
    bootstrap: str,
    topics: Mapping[str, int],
    config: Mapping[str, str] | None = None,
    *,
    timeout: float = AMPLE,
) -> None:
    """Create topics by name and number of partitions; returns when all can be used."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    wanted = [NewTopic(name, count, 1, config=dict(config or {})) for name, count in topics.items()]
    for created in admin.create_topics(wanted, operation_timeout=timeout).values():
        created.result(timeout)
    deadline = time.monotonic() + timeout
    while any(len(_led(admin, name)) < count for name, count in topics.items()):
        _check(deadline, f"topics without leaders: {sorted(topics)}")


def wait_for_leaders(bootstrap: str, topic: str, *, timeout: float = AMPLE) -> None:
    """Wait until each partition of a topic can be read.

    A broker that gets no processor loses the partitions that it leads for a moment. Who reads then
    finds nothing in them.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap})
    deadline = time.monotonic() + timeout
    while True:
        known = admin.list_topics(topic, timeout=30.0).topics[topic].partitions
        led = _led(admin, topic)
        if known and len(led) == len(known):
            return
        _check(deadline, f"{topic}: of {len(known)} partitions only {led} have a leader")


def end_offsets(
    bootstrap: str, topic: str, *, timeout: float = AMPLE, isolation: str = "read_committed"
) -> dict[int, int]:
    """By partition, up to which offset it can be read; empty for an unknown topic."""
    with _reader(bootstrap, **{"isolation.level": isolation}) as consumer:
        partitions = _led(consumer, topic)
        consumer.assign([TopicPartition(topic, number, OFFSET_END) for number in partitions])
        ends: dict[int, int] = {}
        for event in _events(consumer, timeout) if partitions else ():
            if event.error():
                ends[event.partition()] = event.offset()
            if len(ends) == len(partitions):
                break
        return ends


def offsets_to_commit(bootstrap: str, topic: str, *, timeout: float = AMPLE) -> dict[int, int]:
    """Return what `committed` returns for a group that has finished.

    No offset is committed in a partition without messages, and a partition may be empty by chance.
    """
    ends = end_offsets(bootstrap, topic, timeout=timeout)
    return {number: end for number, end in ends.items() if end}


class UndecidedTransactionError(TimeoutError):
    """A transaction stays open although its producer has ended it: its markers are lost."""


def decided_offsets_to_commit(
    bootstrap: str, topic: str, *, timeout: float = AMPLE
) -> dict[int, int]:
    """Return what `offsets_to_commit` does once no transaction is undecided.

    A broker confirms the end of a transaction before it writes its markers. If it is restarted
    between the two, the markers come seconds later. Raises UndecidedTransactionError if they do not
    come.
    """
    wait_for_leaders(bootstrap, topic, timeout=timeout)
    deadline = time.monotonic() + timeout
    while True:
        written = end_offsets(bootstrap, topic, timeout=timeout, isolation="read_uncommitted")
        readable = end_offsets(bootstrap, topic, timeout=timeout)
        if written == readable:
            return {number: end for number, end in readable.items() if end}
        if time.monotonic() > deadline:
            raise UndecidedTransactionError(
                f"{topic} can be read up to {readable} of {written} after {timeout} s"
            )
        time.sleep(0.1)


def read_all(bootstrap: str, topic: str, *, timeout: float = AMPLE) -> list[Message]:
    """The messages from the beginning to the ends at the time of the call, by partition."""
    ends = offsets_to_commit(bootstrap, topic, timeout=timeout)
    with _reader(bootstrap) as consumer:
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in ends])
        found: list[Message] = []
        unfinished = set(ends)
        for event in _events(consumer, timeout) if ends else ():
            partition, offset = event.partition(), event.offset()
            if not event.error() and offset < ends[partition]:
                found.append(_message(event))
            if event.error() or offset >= ends[partition] - 1:
                unfinished.discard(partition)
            if not unfinished:
                break
    return sorted(found, key=lambda message: (message.partition, message.offset))


def wait_for_count(bootstrap: str, topic: str, n: int, timeout: float = AMPLE) -> list[Message]:
    """Wait for at least `n` messages; returns all that are there. The topic may come to be late."""
    deadline = time.monotonic() + timeout
    while (count := sum(end_offsets(bootstrap, topic).values())) < n:
        _check(deadline, f"{count} of {n} messages in {topic} after {timeout} s")
    return read_all(bootstrap, topic)


def committed(bootstrap: str, group: str, topic: str, *, timeout: float = AMPLE) -> dict[int, int]:
    """The group's committed offsets by partition; a partition without one is left out."""
    with _reader(bootstrap, group) as consumer:
        places = [TopicPartition(topic, number) for number in _led(consumer, topic)]
        answers = _once_loaded(consumer, places, timeout) if places else []
        return {place.partition: place.offset for place in answers if place.offset >= 0}


def _reader(bootstrap: str, group: str = "tests-reader", **settings: str) -> Any:
    """Return a consumer without a group that reports the ends of partitions."""
    return closing(
        Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": group,
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 20,
                **settings,
            }
        )
    )


def _led(client: Any, topic: str) -> list[int]:
    """The topic's partitions that have a leader."""
    found = client.list_topics(topic, timeout=30.0).topics[topic].partitions
    return sorted(number for number, partition in found.items() if partition.leader >= 0)


def _once_loaded(consumer: Consumer, places: list[TopicPartition], timeout: float) -> list[Any]:
    deadline = time.monotonic() + timeout
    while True:
        try:
            return list(consumer.committed(places, timeout=timeout))
        except KafkaException as failure:
            if failure.args[0].code() not in LOADING:
                raise
            _check(deadline, f"no committed offsets after {timeout} s: {failure}")


def _events(consumer: Consumer, timeout: float) -> Iterator[Any]:
    """Messages, and as events with an error the ends of partitions."""
    deadline = time.monotonic() + timeout
    while True:
        event = consumer.poll(0.2)
        error = event.error() if event is not None else None
        if error is not None and error.code() != KafkaError._PARTITION_EOF:
            if error.code() not in PASSING:
                raise KafkaException(error)
        elif event is not None:
            yield event
        if time.monotonic() > deadline:
            raise TimeoutError(f"not at the ends of the partitions after {timeout} s")


def _message(event: Any) -> Message:
    return Message(
        topic=event.topic(),
        partition=event.partition(),
        offset=event.offset(),
        key=event.key(),
        value=event.value(),
        headers=cast(Headers, event.headers() or []),
        timestamp=event.timestamp()[1],
    )


def _check(deadline: float, complaint: str) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError(complaint)
    time.sleep(0.1)

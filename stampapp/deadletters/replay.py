"""Read dead letters, publish them again on their original topics, and mark them as replayed.

The mark is published after the message is confirmed: if the program stops in between, the next
replay repeats the message instead of losing it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime
from typing import Any, Self

from aiokafka import errors as kafka

from stampapp import times
from stampapp.config.settings import Settings
from stampapp.deadletters import record
from stampapp.deadletters.record import DeadLetter, ReplayMark
from stampapp.deadletters.selection import DeadLetterFilter, DeadLetterIndex
from stampapp.errors import ConfigError, DeliveryError
from stampapp.kafka import producer
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.compression import Compression
from stampapp.kafka.connection_errors import describe_cluster, describe_user, join_words
from stampapp.kafka.message import Message, Partition, TopicPartitionOffset
from stampapp.kafka.offset_ranges import (
    OffsetRange,
    ReportProgress,
    in_chunks,
    offsets_by_partition,
)
from stampapp.kafka.outgoing import OutgoingMessage
from stampapp.kafka.topic_reader import TopicReader

# Messages (about 60 kB each) that are published before they are marked.
CHUNK = 64
Sent = TopicPartitionOffset | BaseException


def deadletter_topic(settings: Settings) -> str:
    """Return the dead-letter topic. Raises ConfigError if none is set."""
    if not settings.deadletter_topic:
        raise ConfigError("DEADLETTER_TOPIC is empty: there are no dead letters")
    return settings.deadletter_topic


async def index_dead_letters(
    reader: TopicReader, topic: str, wanted: DeadLetterFilter, progress: ReportProgress
) -> DeadLetterIndex:
    """Read the whole dead-letter topic and index the selected dead letters."""
    found = DeadLetterIndex(wanted)
    partitions = (await reader.list_partitions()).get(topic, ())
    found.topic_missing = not partitions
    beginnings, ends = await reader.first_offsets(partitions), await reader.end_offsets(partitions)
    total = sum(ends.values()) - sum(beginnings.values())
    async for messages in reader.read_ranges(
        {at: OffsetRange(first=n) for at, n in beginnings.items()}
    ):
        for message in messages:
            found.add(message)
        progress("reading dead letters", len(messages), total)
    return found


async def fetch_messages(
    reader: TopicReader, letters: Sequence[DeadLetter]
) -> AsyncIterator[tuple[DeadLetter, Message]]:
    """Yield the dead letters with their messages; leave out those that Kafka has removed."""
    by_location = {one.location: one for one in letters}
    async for message in reader.read_offsets(offsets_by_partition(by_location)):
        yield by_location[message.location], message


async def replay(
    settings: Settings, reader: TopicReader, letters: Sequence[DeadLetter]
) -> AsyncIterator[int]:
    """Publish dead letters on their original topics and mark them; yield the number of each chunk.

    Raises ConfigError or DeliveryError if a cluster refuses; those marked by then are replayed.
    """
    by_location = {one.location: one for one in letters}
    partitions = await _partitions(settings, letters)
    async with (
        ReplaySender(settings.consumer, settings.compression) as source,
        ReplaySender(settings.producer, settings.compression) as dead,
    ):
        async for messages in in_chunks(
            reader.read_offsets(offsets_by_partition(by_location)), CHUNK
        ):
            found = [(by_location[one.location], one) for one in messages]
            locations = await source.send([_replayed_message(*one, partitions) for one in found])
            done = [
                (letter, message, to)
                for (letter, message), to in zip(found, locations, strict=False)
                if isinstance(to, TopicPartitionOffset)
            ]
            marks = await dead.send([_mark_message(*one) for one in done])
            yield sum(isinstance(one, TopicPartitionOffset) for one in marks)
            source.check(locations, len(found))
            dead.check(marks, len(done))


class ReplaySender:
    """A producer that sends each message once, without retries: the next replay repeats it."""

    def __init__(self, cluster: Cluster, compression: Compression) -> None:
        self._cluster = cluster
        self._compression = compression
        self._producer: Any = None

    async def __aenter__(self) -> Self:
        # An idempotent producer would need one more permission, and repeats are harmless.
        self._producer = await producer.start_producer(
            self._cluster, idempotence=False, compression=self._compression
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await producer.stop_producer(self._producer, producer.REQUEST_TIMEOUT)

    async def send(self, messages: Sequence[OutgoingMessage]) -> list[Sent]:
        """Return the new location of each message, or the error; fewer if not all were sent."""
        # Not by Delivery, which retries a whole batch until all of it is confirmed, or raises:
        # here what is confirmed is to be marked with its new location, even if the rest is not.
        results = await producer.send_once(self._producer, messages)
        return [one if isinstance(one, BaseException) else _location(one) for one in results]

    def check(self, results: Sequence[Sent], count: int) -> None:
        """Raise ConfigError if permission to write is missing, DeliveryError for other errors.

        `count` is the number of messages that were to be sent.
        """
        failed = [one for one in results if isinstance(one, BaseException)]
        if not failed:
            return
        missing = count - len(results) + len(failed)
        if isinstance(failed[0], kafka.TopicAuthorizationFailedError):
            user, prefix = describe_user(self._cluster), self._cluster.role.upper()
            raise ConfigError(
                f"{describe_cluster(self._cluster)} does not let {user} write: grant WRITE on the"
                f" topic, or use another {prefix}_SASL_USERNAME"
            )
        raise DeliveryError(
            f"{describe_cluster(self._cluster)} has not confirmed {missing} messages"
            f" ({failed[0]!r}): run the replay again later; replayed messages are marked"
        )


async def _partitions(settings: Settings, letters: Sequence[DeadLetter]) -> set[Partition]:
    """Return the partitions of the original topics. Raises ConfigError if a topic is missing."""
    async with TopicReader(settings.consumer) as reader:
        present = await reader.list_partitions()
    topics = {one.source.topic for one in letters}
    if absent := tuple(sorted(topics - present.keys())):
        raise ConfigError(
            f"{describe_cluster(settings.consumer)} has no topic {join_words(absent)}, from which"
            " dead letters came: create it, or select other dead letters"
        )
    return {one for topic in topics for one in present[topic]}


def _replayed_message(
    letter: DeadLetter, message: Message, partitions: Collection[Partition]
) -> OutgoingMessage:
    """Return the original message with a new timestamp: Kafka might drop an old one at once."""
    source = letter.source
    known = (source.topic, source.partition) in partitions
    return OutgoingMessage(
        topic=source.topic,
        # If the topic was recreated with fewer partitions, the key decides.
        partition=source.partition if known else None,
        key=message.key,
        value=message.value,
        headers=record.replayed_headers(message),
    )


def _mark_message(
    letter: DeadLetter, message: Message, to: TopicPartitionOffset
) -> OutgoingMessage:
    at = times.format_iso(datetime.now(UTC))
    mark = ReplayMark(
        source=letter.source, dead_letter=letter.location, replayed_as=to, replayed_at=at
    )
    return OutgoingMessage(
        topic=letter.location.topic,
        partition=letter.location.partition,
        key=message.key,
        # Not null: in a compacted topic, null would delete the dead letter.
        value=b"",
        headers=record.replay_mark_headers(mark),
    )


def _location(sent: Any) -> TopicPartitionOffset:
    return TopicPartitionOffset(topic=sent.topic, partition=sent.partition, offset=sent.offset)

"""Dead letters read from their topic, and put back where they came from.

First a message is put back and confirmed, then its mark: whatever happens between the two, it is
replayed again rather than lost.
"""

from __future__ import annotations

import asyncio
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
from stampapp.kafka.connection_errors import describe_cluster, join_words
from stampapp.kafka.message import Message, Partition, TopicPartitionOffset
from stampapp.kafka.offset_ranges import (
    OffsetRange,
    ReportProgress,
    in_chunks,
    offsets_by_partition,
)
from stampapp.kafka.outgoing import OutgoingMessage
from stampapp.kafka.topic_reader import TopicReader

# Messages of 60 kB that are put back before they are marked.
CHUNK = 64


def deadletter_topic(settings: Settings) -> str:
    """Return the topic of dead letters. Raises ConfigError where there is none."""
    if not settings.deadletter_topic:
        raise ConfigError("DEADLETTER_TOPIC is empty: there are no dead letters")
    return settings.deadletter_topic


async def index_dead_letters(
    reader: TopicReader, topic: str, wanted: DeadLetterFilter, progress: ReportProgress
) -> DeadLetterIndex:
    """Read all dead letters, and note those that are meant."""
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
    """Yield the dead letters with their bytes; what is removed meanwhile is left out."""
    by_location = {one.location: one for one in letters}
    async for message in reader.read_offsets(offsets_by_partition(by_location)):
        yield by_location[message.location], message


async def replay(
    settings: Settings, reader: TopicReader, letters: Sequence[DeadLetter]
) -> AsyncIterator[int]:
    """Put dead letters back on their topics and mark them; yield how many more are done.

    Raises ConfigError or DeliveryError where a cluster refuses; what is marked by then is done.
    """
    by_location = {one.location: one for one in letters}
    partitions = await _partitions(settings, letters)
    async with Post(settings.consumer) as source, Post(settings.producer) as dead:
        async for messages in in_chunks(
            reader.read_offsets(offsets_by_partition(by_location)), CHUNK
        ):
            found = [(by_location[one.location], one) for one in messages]
            places = await source.send([_replayed_message(*one, partitions) for one in found])
            done = [
                (letter, message, to)
                for (letter, message), to in zip(found, places, strict=True)
                if isinstance(to, TopicPartitionOffset)
            ]
            marks = await dead.send([_mark_message(*one) for one in done])
            yield sum(isinstance(one, TopicPartitionOffset) for one in marks)
            source.check(places)
            dead.check(marks)


class Post:
    """A producer that sends once; what is not confirmed is for the next replay."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._producer: Any = None

    async def __aenter__(self) -> Self:
        # An idempotent producer asks for a permission more, and repeats are harmless.
        self._producer = await producer.start_producer(self._cluster, idempotence=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await producer.stop_producer(self._producer, producer.REQUEST_TIMEOUT)

    async def send(
        self, letters: Sequence[OutgoingMessage]
    ) -> list[TopicPartitionOffset | BaseException]:
        """Return for each letter where it lies now, or why it does not."""
        sent: list[Any] = []
        for letter in letters:
            try:
                sent.append(await self._sending(letter))
            except kafka.KafkaError as error:
                sent.append(_failed(error))
        results = await asyncio.gather(*sent, return_exceptions=True)
        return [one if isinstance(one, BaseException) else _place(one) for one in results]

    def check(self, results: Sequence[TopicPartitionOffset | BaseException]) -> None:
        """Raise ConfigError where we may not write, DeliveryError where anything else failed."""
        failed = [one for one in results if isinstance(one, BaseException)]
        if not failed:
            return
        if isinstance(failed[0], kafka.TopicAuthorizationFailedError):
            prefix = self._cluster.role.upper()
            raise ConfigError(
                f"{describe_cluster(self._cluster)} does not let us write: have WRITE granted on"
                f" the topic, or run this with another {prefix}_SASL_USERNAME"
            )
        raise DeliveryError(
            f"{describe_cluster(self._cluster)} has not taken {len(failed)} messages"
            f" ({failed[0]!r}): replay again when it does, what is done is marked"
        )

    async def _sending(self, letter: OutgoingMessage) -> asyncio.Future[Any]:
        sent: asyncio.Future[Any] = await self._producer.send(
            letter.topic,
            # The client refuses a message of neither key nor value.
            b"" if letter.key is None and letter.value is None else letter.value,
            key=letter.key,
            partition=letter.partition,
            headers=list(letter.headers),
        )
        return sent


async def _partitions(settings: Settings, letters: Sequence[DeadLetter]) -> set[Partition]:
    """Return the partitions of the sources. Raises ConfigError where a topic is not there."""
    async with TopicReader(settings.consumer) as reader:
        present = await reader.list_partitions()
    topics = {one.source.topic for one in letters}
    if absent := tuple(sorted(topics - present.keys())):
        raise ConfigError(
            f"{describe_cluster(settings.consumer)} has no topic {join_words(absent)}, from which"
            " dead letters came: create it, or choose other dead letters"
        )
    return {one for topic in topics for one in present[topic]}


def _replayed_message(
    letter: DeadLetter, message: Message, partitions: Collection[Partition]
) -> OutgoingMessage:
    """Return the message as it was; its timestamp is new, or its topic might drop it as too old."""
    source = letter.source
    known = (source.topic, source.partition) in partitions
    return OutgoingMessage(
        topic=source.topic,
        # Where the topic was made anew with fewer partitions, the key decides.
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
        # Not null: a topic that is compacted would forget the dead letter for it.
        value=b"",
        headers=record.replay_mark_headers(mark),
    )


def _place(sent: Any) -> TopicPartitionOffset:
    return TopicPartitionOffset(topic=sent.topic, partition=sent.partition, offset=sent.offset)


def _failed(error: Exception) -> asyncio.Future[Any]:
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    future.set_exception(error)
    return future

"""Notice at once when a consumed topic does not exist, or exists again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, Protocol

from aiokafka.protocol.metadata import MetadataRequest
from faust.types import TP

from stampapp.kafka.input_topics import InputTopics
from stampapp.kafka.nightly_topic import is_legal_topic

log = logging.getLogger(__name__)
Commit = Callable[[Mapping[TP, int]], Awaitable[bool]]
_MISSING = (
    "Topic %s does not exist: nothing is read from it until it does; create it, or check"
    " CONSUMER_TOPICS"
)
_UNMATCHED = "No topic matches %s: nothing is read until one does; check CONSUMER_TOPICS"


class ClusterView(Protocol):
    """The part of aiokafka's ClusterMetadata that is used here."""

    def topics(self) -> set[str]:
        """Return the topics that exist, of those that are asked for."""

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        """Return the numbers of a topic's partitions; nothing if there is no such topic."""


class MissingTopics:
    """The input topics that do not exist, and the patterns that nothing matches.

    `cluster` is the metadata of the client, which it fetches again and again.
    """

    def __init__(self, inputs: InputTopics, cluster: ClusterView) -> None:
        self._inputs, self._cluster = inputs, cluster
        # Replaced, never changed: the event loop of the app reads it.
        self.names: tuple[str, ...] = ()
        self._changed = asyncio.Event()

    def update(self, cluster: ClusterView) -> None:
        """Look at new metadata, and log each change."""
        before, self.names = self.names, self._inputs.unmatched(cluster.topics())
        for one in self.names:
            if one not in before:
                log.warning(_MISSING if is_legal_topic(one) else _UNMATCHED, one)
        for one in before:
            for topic in self._inputs.expand(one, cluster.topics()):
                numbers = cluster.partitions_for_topic(topic) or ()
                log.info("Topic %s exists now, with %d partitions", topic, len(numbers))
        self._changed.set()

    async def commit_existing(self, offsets: Mapping[TP, int], commit: Commit) -> bool:
        """Commit the offsets of partitions that exist; return whether Kafka accepted all offsets.

        aiokafka itself would repeat a commit until a deleted topic exists again. Meanwhile no other
        topic would be consumed, and then the first messages of the new topic would be skipped.
        """
        while True:
            existing = {one: at for one, at in offsets.items() if self._exists(one)}
            if not existing:
                return not offsets
            committing = asyncio.ensure_future(commit(existing))
            deleted = asyncio.ensure_future(self._wait_until_missing(existing))
            waited_for: set[asyncio.Future[Any]] = {committing, deleted}
            try:
                await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
                if committing.done():
                    return committing.result() and len(existing) == len(offsets)
            finally:
                committing.cancel()
                deleted.cancel()

    async def _wait_until_missing(self, partitions: Iterable[TP]) -> None:
        while all(map(self._exists, partitions)):
            self._changed.clear()
            await self._changed.wait()

    def _exists(self, partition: TP) -> bool:
        # Somebody may make a topic anew with fewer partitions.
        return partition.partition in (self._cluster.partitions_for_topic(partition.topic) or ())


def create_no_topics(client: Any) -> None:
    """Let an aiokafka client only ask for topics.

    By default its request creates them, with a single partition, as soon as somebody deletes one.
    """
    connect = client._get_conn

    async def get_connection(*args: Any, **kwargs: Any) -> Any:
        connection = await connect(*args, **kwargs)
        if connection and not isinstance(connection.send, partial):
            connection.send = partial(_send, connection.send)
        return connection

    client._get_conn = get_connection


def _send(send: Callable[..., Any], request: object, **kwargs: Any) -> Any:
    if isinstance(request, MetadataRequest):
        request._allow_auto_topic_creation = False
    return send(request, **kwargs)

"""Notice at once when a consumed topic does not exist, or exists again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol

from faust.types import TP

log = logging.getLogger(__name__)
Commit = Callable[[Mapping[TP, int]], Awaitable[bool]]


class ClusterView(Protocol):
    """The part of aiokafka's ClusterMetadata that is used here."""

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        """Return the numbers of a topic's partitions; nothing if there is no such topic."""


class MissingTopics:
    """The subscribed topics that do not exist, by the metadata that the client last fetched.

    `subscription` returns the subscribed topics.
    """

    def __init__(self, subscription: Callable[[], Iterable[str]]) -> None:
        self._subscription = subscription
        # Replaced, never changed: the event loop of the app reads it.
        self.names: tuple[str, ...] = ()
        self._changed = asyncio.Event()

    def update(self, cluster: ClusterView) -> None:
        """Compare with new metadata, and log each change."""
        partitions = {one: cluster.partitions_for_topic(one) for one in self._subscription()}
        before = self.names
        self.names = tuple(sorted(one for one, numbers in partitions.items() if not numbers))
        for one in self.names:
            if one not in before:
                log.warning(
                    "Topic %s does not exist: nothing is read from it until it does; create it, or"
                    " check CONSUMER_TOPICS",
                    one,
                )
        for one in before:
            if numbers := partitions.get(one):
                log.info("Topic %s exists now, with %d partitions", one, len(numbers))
        self._changed.set()

    async def commit_existing(self, offsets: Mapping[TP, int], commit: Commit) -> bool:
        """Commit the offsets of topics that exist; return whether Kafka accepted them.

        aiokafka itself would repeat a commit until a deleted topic exists again. Meanwhile no other
        topic would be consumed, and then the first messages of the new topic would be skipped.
        """
        while True:
            existing = {one: at for one, at in offsets.items() if one.topic not in self.names}
            if not existing:
                return True
            committing = asyncio.ensure_future(commit(existing))
            deleted = asyncio.ensure_future(self._wait_until_missing(existing))
            waited_for: set[asyncio.Future[Any]] = {committing, deleted}
            try:
                await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
                if committing.done():
                    return committing.result()
            finally:
                committing.cancel()
                deleted.cancel()

    async def _wait_until_missing(self, partitions: Iterable[TP]) -> None:
        topics = {one.topic for one in partitions}
        while topics.isdisjoint(self.names):
            self._changed.clear()
            await self._changed.wait()

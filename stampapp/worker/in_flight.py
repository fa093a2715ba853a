"""Bound the messages that a worker has taken and not finished, by their number and their bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from stampapp.kafka.message import Message, consumed_size


class InFlightLimit:
    """The limit is reached with `messages` messages or `size` bytes, whichever comes first.

    A message is added first and then waits, so one that is larger than the limit passes, too.
    """

    def __init__(self, *, messages: int, size: int) -> None:
        self._most_messages, self._most_bytes = messages, size
        self._messages = self._bytes = 0
        self._removed = asyncio.Event()

    @property
    def reached(self) -> bool:
        """Whether no further message may be taken."""
        return self._messages >= self._most_messages or self._bytes >= self._most_bytes

    def reached_by(self, messages: Iterable[Message]) -> bool:
        """Return whether these messages, which were added, reach the limit without any other."""
        if not self.reached:
            return False
        sizes = [consumed_size(one) for one in messages]
        return len(sizes) >= self._most_messages or sum(sizes) >= self._most_bytes

    def add(self, message: Message) -> None:
        """Count a message."""
        self._messages += 1
        self._bytes += consumed_size(message)

    def remove(self, messages: Iterable[Message]) -> None:
        """Count messages no longer."""
        for one in messages:
            self._messages -= 1
            self._bytes -= consumed_size(one)
        self._removed.set()

    async def wait_for_room(self) -> None:
        """Wait while the limit is reached."""
        while self.reached:
            self._removed.clear()
            await self._removed.wait()

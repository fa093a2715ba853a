"""Send events once a second to at most 16 viewers of the page; draw nothing while there are none.

A card is drawn once, in a thread, and sent to all viewers.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from stampapp.dashboard import documents
from stampapp.dashboard.recent_alerts import DashboardState, RecentAlert

log = logging.getLogger(__name__)
MAX_VIEWERS = 16
# Cards drawn per tick. Few, so that drawing does not slow down classification.
CARDS_PER_TICK = 2
# Seconds between two updates.
TICK = 1.0
# At this lag (messages) or more, one card is drawn every other tick.
BUSY_LAG = 1000
# Events that wait for a viewer before it is disconnected.
_QUEUE_SIZE = 64

State = Callable[[], dict[str, Any]]


class Viewer:
    """An event queue of one connection, and what has been sent to it."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue(_QUEUE_SIZE)
        self.seen = 0
        self.cards: set[int] = set()

    async def events(self) -> AsyncIterator[bytes]:
        """Yield events until the viewer is disconnected."""
        while (event := await self.queue.get()) is not None:
            yield event

    def send(self, event: bytes) -> None:
        """Queue an event, or disconnect a viewer whose queue is full; browsers reconnect."""
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.disconnect()

    def disconnect(self) -> None:
        """Drop all queued events and end the stream."""
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class EventBroadcaster:
    """Sends updates to all viewers; `state` returns the current figures of the worker."""

    def __init__(self, dashboard: DashboardState, state: State) -> None:
        self._dashboard, self._state = dashboard, state
        self._viewers: set[Viewer] = set()
        self._card_events: dict[int, bytes] = {}
        self._sending: asyncio.Task[None] | None = None
        self._ticks = 0

    def subscribe(self) -> Viewer | None:
        """Return a new viewer, which must be unsubscribed; None if there are too many."""
        if len(self._viewers) >= MAX_VIEWERS:
            return None
        viewer = Viewer()
        self._viewers.add(viewer)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_periodically())
        return viewer

    def unsubscribe(self, viewer: Viewer) -> None:
        """Stop sending to a viewer."""
        self._viewers.discard(viewer)

    def close(self) -> None:
        """Disconnect all viewers: the web server waits for its streams to end."""
        if self._sending:
            self._sending.cancel()
        for viewer in self._viewers:
            viewer.disconnect()

    async def _send_periodically(self) -> None:
        while self._viewers:
            try:
                await self._send_updates()
            except Exception:  # an error of the page must not stop the worker
                log.exception("Cannot update the page")
            await asyncio.sleep(TICK)

    async def _send_updates(self) -> None:
        now = time.time()
        summary = self._dashboard.last_hour.summary(now)
        state = self._state()
        figures = encode("figures", documents.summary_document(summary, state, now))
        letters = self._dashboard.recent.dead_letters()
        dead = encode("dead", [documents.dead_letter_document(one) for one in letters])
        await self._draw(self._cards_allowed(state.get("lag", 0)))
        for viewer in tuple(self._viewers):
            viewer.send(figures)
            if letters and letters[0].number > viewer.seen:
                viewer.seen = letters[0].number
                viewer.send(dead)
            for number in sorted(self._card_events.keys() - viewer.cards, reverse=True):
                viewer.send(self._card_events[number])
            viewer.cards = set(self._card_events)

    def _cards_allowed(self, lag: int) -> int:
        """Return how many cards may be drawn in this tick."""
        self._ticks += 1
        return CARDS_PER_TICK if lag < BUSY_LAG else self._ticks % 2

    async def _draw(self, most: int) -> None:
        """Draw at most `most` new cards, the latest first; drop those of alerts no longer kept."""
        kept = self._dashboard.recent.alerts()
        numbers = {one.number for one in kept}
        self._card_events = {
            number: card for number, card in self._card_events.items() if number in numbers
        }
        for one in [one for one in kept if one.number not in self._card_events][:most]:
            self._card_events[one.number] = await asyncio.to_thread(_card, one)


def _card(shown: RecentAlert) -> bytes:
    return encode("card", documents.alert_document(shown))


def encode(event: str, document: object) -> bytes:
    """Return a server-sent event with the document as one line of JSON."""
    return f"event: {event}\ndata: {json.dumps(document, allow_nan=False)}\n\n".encode()

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from stampapp.dashboard import broadcast, documents
from stampapp.dashboard.broadcast import MAX_VIEWERS, EventBroadcaster, Viewer, encode
from stampapp.dashboard.recent_alerts import DashboardState
from stampapp.errors import BadAlert
from stampapp.results.outcome import Outcome, OutcomeKind
from tests.support.alerts import alert, message
from tests.support.fake_classifier import classification
from tests.support.pipeline_harness import until

Event = tuple[str, Any]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast, "TICK", 0.01)


def dashboard(*names: str) -> DashboardState:
    shown = DashboardState(("SN", "bogus"), time.time())
    add(shown, *names)
    return shown


def add(shown: DashboardState, *names: str) -> None:
    for name in names:
        one = alert(aid=name)
        found = Outcome(kind=OutcomeKind.CLASSIFIED, alert=one, classification=classification(one))
        shown.add([message(0)], [found], time.time())


class FakeViewer:
    """A viewer, and the events that it has received."""

    def __init__(self, broadcaster: EventBroadcaster) -> None:
        self._broadcaster = broadcaster
        self.received: list[Event] = []
        self.ended = False

    async def watch(self) -> None:
        viewer = self._broadcaster.subscribe()
        assert viewer
        try:
            await self._read(viewer)
        finally:
            self._broadcaster.unsubscribe(viewer)
        self.ended = True

    async def _read(self, viewer: Viewer) -> None:
        async for raw in viewer.events():
            event, data, *_ = raw.decode().split("\n")
            self.received.append(
                (event.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
            )

    def of(self, kind: str) -> list[Any]:
        return [document for event, document in self.received if event == kind]


@asynccontextmanager
async def watching(broadcaster: EventBroadcaster) -> AsyncIterator[FakeViewer]:
    viewer = FakeViewer(broadcaster)
    task = asyncio.ensure_future(viewer.watch())
    try:
        yield viewer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_viewer_gets_figures_and_each_card_once() -> None:
    shown = dashboard("A", "B", "C")
    async with watching(EventBroadcaster(shown, lambda: {"lag": 7})) as viewer:
        await until(lambda: len(viewer.of("card")) == 3)
        assert viewer.of("figures")[0]["lag"] == 7
        add(shown, "D")
        await until(lambda: len(viewer.of("card")) == 4)
        await asyncio.sleep(0.1)
        assert sorted(card["aid"] for card in viewer.of("card")) == ["A", "B", "C", "D"]


async def test_dead_letters_are_sent_when_there_are_new_ones() -> None:
    shown = dashboard()
    dead = Outcome(kind=OutcomeKind.DEAD_LETTERED, error=BadAlert("schema", "no alert"))
    async with watching(EventBroadcaster(shown, dict)) as viewer:
        await until(lambda: len(viewer.of("figures")) > 2)
        assert viewer.of("dead") == []
        shown.add([message(3)], [dead], time.time())
        await until(lambda: viewer.of("dead"))
        await asyncio.sleep(0.1)
        ((one,),) = viewer.of("dead")
        assert one["cause"] == "schema"


async def test_nothing_is_drawn_without_viewers(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[int, str]] = []

    def alert_document(recent: Any) -> documents.Document:
        drawn.append((recent.number, threading.current_thread().name))
        return {"number": recent.number}

    monkeypatch.setattr(documents, "alert_document", alert_document)
    shown = dashboard("A", "B")
    broadcaster = EventBroadcaster(shown, dict)
    await asyncio.sleep(0.05)
    assert drawn == []
    async with watching(broadcaster), watching(broadcaster):
        await until(lambda: len(drawn) == 2)
        await asyncio.sleep(0.05)
    # Once for both, and not on the event loop.
    assert sorted(number for number, _ in drawn) == [1, 2]
    assert threading.current_thread().name not in {name for _, name in drawn}
    add(shown, "C")
    await asyncio.sleep(0.05)
    assert len(drawn) == 2


async def test_the_cards_drawn_per_tick_are_bounded() -> None:
    shown = dashboard(*(f"A{number}" for number in range(9)))
    async with watching(EventBroadcaster(shown, dict)) as viewer:
        await until(lambda: len(viewer.of("card")) == 9)
    events = [event for event, _ in viewer.received]
    ticks = " ".join(events).split("figures")
    assert max(tick.split().count("card") for tick in ticks) <= broadcast.CARDS_PER_TICK


async def test_a_worker_with_much_lag_draws_less() -> None:
    shown = dashboard(*(f"A{number}" for number in range(9)))
    async with watching(EventBroadcaster(shown, lambda: {"lag": broadcast.BUSY_LAG})) as viewer:
        await until(lambda: len(viewer.of("card")) == 4)
    ticks = " ".join(event for event, _ in viewer.received).split("figures")[1:]
    assert [tick.split().count("card") for tick in ticks][:7] == [1, 0, 1, 0, 1, 0, 1]


async def test_the_latest_are_drawn_first() -> None:
    async with watching(EventBroadcaster(dashboard("old", "older", "new"), dict)) as viewer:
        await until(lambda: viewer.of("card"))
        assert viewer.of("card")[0]["aid"] == "new"


async def test_a_card_that_cannot_be_drawn_does_not_end_the_updates(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    states = iter([ZeroDivisionError("no state")])

    def state() -> dict[str, Any]:
        for error in states:
            raise error
        return {}

    async with watching(EventBroadcaster(dashboard("A"), state)) as viewer:
        await until(lambda: viewer.of("card"))
    assert "Cannot update the page" in caplog.text


async def test_the_number_of_viewers_is_bounded() -> None:
    broadcaster = EventBroadcaster(dashboard(), dict)
    viewers = [FakeViewer(broadcaster) for _ in range(MAX_VIEWERS)]
    tasks = [asyncio.ensure_future(viewer.watch()) for viewer in viewers]
    await until(lambda: all(viewer.received for viewer in viewers))
    assert broadcaster.subscribe() is None
    tasks[0].cancel()
    await asyncio.gather(tasks[0], return_exceptions=True)
    another = broadcaster.subscribe()
    assert another
    broadcaster.unsubscribe(another)
    broadcaster.close()
    await until(lambda: all(viewer.ended for viewer in viewers[1:]))
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_viewer_that_does_not_read_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast, "_QUEUE_SIZE", 3)
    broadcaster = EventBroadcaster(dashboard(), dict)
    viewer = broadcaster.subscribe()
    assert viewer
    await asyncio.sleep(0.2)
    assert [event async for event in viewer.events()] == []
    broadcaster.unsubscribe(viewer)


def test_an_event_is_one_line_whatever_is_in_it() -> None:
    raw = encode("card", {"aid": "two\nlines\r\n\r\nevent: forged"})
    assert raw.count(b"\n") == 3
    with pytest.raises(ValueError, match="Out of range float"):
        encode("card", {"mag": float("nan")})

"""Event streams of the page over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from stampapp.dashboard.broadcast import Viewer
from stampapp.web import event_stream

pytestmark = pytest.mark.usefixtures("time_to_close")

LARGE = b"data: " + b"x" * 2**20 + b"\n\n"


class Page:
    """A server of one event stream; `ended` is set when the stream has ended."""

    def __init__(self) -> None:
        self.viewer = Viewer()
        self.ended = asyncio.Event()

    async def events(self, request: web.Request) -> web.StreamResponse:
        try:
            return await event_stream.send_events(request, self.viewer)
        finally:
            self.ended.set()

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/events", self.events)
        return application


@pytest.fixture
async def page() -> Page:
    return Page()


@pytest.fixture
async def connection(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    monkeypatch.setattr(event_stream, "WRITE_TIMEOUT", 0.2)
    async with TestServer(page.application()) as server:
        client = socket.create_connection((server.host, server.port or 0))
        # The reader itself stops to read at twice its limit.
        reader, writer = await asyncio.open_connection(sock=client, limit=2**10)
        writer.write(b"GET /events HTTP/1.1\r\nHost: page\r\n\r\n")
        yield reader, writer
        writer.close()


async def read_until(reader: asyncio.StreamReader, words: bytes) -> bytes:
    found = b""
    while words not in found:
        part = await reader.read(2**16)
        assert part, found
        found += part
    return found


async def test_a_viewer_gets_its_events_until_the_end(
    page: Page, connection: tuple[asyncio.StreamReader, asyncio.StreamWriter]
) -> None:
    reader, _ = connection
    page.viewer.send(b"data: 1\n\n")
    found = await read_until(reader, b"data: 1\n\n")
    assert b"Content-Type: text/event-stream" in found
    # It may take its time if it reads.
    await asyncio.sleep(0.5)
    page.viewer.send(b"data: 2\n\n")
    await read_until(reader, b"data: 2\n\n")
    page.viewer.disconnect()
    await asyncio.wait_for(page.ended.wait(), 10)


async def test_a_viewer_that_stops_to_read_is_disconnected(
    page: Page, connection: tuple[asyncio.StreamReader, asyncio.StreamWriter]
) -> None:
    reader, _ = connection
    for _ in range(32):
        page.viewer.send(LARGE)
    await asyncio.wait_for(page.ended.wait(), 10)
    with suppress(ConnectionError):
        assert len(await reader.read()) < 32 * len(LARGE)


async def test_a_stream_ends_with_its_viewer(
    page: Page,
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader, writer = connection
    page.viewer.send(b"data: 1\n\n")
    await read_until(reader, b"data: 1\n\n")
    # So that it is not the time limit that ends it.
    monkeypatch.setattr(event_stream, "WRITE_TIMEOUT", 60.0)
    writer.transport.abort()
    for _ in range(32):
        page.viewer.send(LARGE)
    await asyncio.wait_for(page.ended.wait(), 10)

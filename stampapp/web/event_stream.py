"""Send server-sent events over HTTP."""

from __future__ import annotations

import asyncio

from aiohttp import web

from stampapp.dashboard.broadcast import Viewer

_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    # Keeps proxies from buffering the stream.
    "X-Accel-Buffering": "no",
}
# Seconds that a viewer may take to receive an event: less than a worker has to end.
WRITE_TIMEOUT = 5.0


async def send_events(request: web.BaseRequest, viewer: Viewer) -> web.StreamResponse:
    """Send a viewer its events until it disconnects, is disconnected or stops to read."""
    stream = web.StreamResponse(headers=_HEADERS)
    try:
        await stream.prepare(request)
        async for event in viewer.events():
            async with asyncio.timeout(WRITE_TIMEOUT):
                await stream.write(event)
    except TimeoutError:
        # Without this, the end of the response would wait for the viewer, too.
        if request.transport:
            request.transport.abort()
    except ConnectionError:
        # The viewer has disconnected.
        pass
    return stream

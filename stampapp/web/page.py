"""The dashboard page, its files and its event stream."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any, cast

from aiohttp import web
from faust.web import Request, Response, View

from stampapp.app import app, end_offsets, missing_topics, undecided_offsets
from stampapp.dashboard.broadcast import EventBroadcaster
from stampapp.dashboard.shadow import shadow_document
from stampapp.web.event_stream import send_events

# Nothing from other hosts, nothing inline; stamps come as data URLs in the events.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_CONTENT_TYPES = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}
_broadcasters: list[EventBroadcaster] = []


@app.page("/")
async def page(view: View, request: Request) -> Response:  # noqa: ARG001
    """Answer with the HTML page."""
    return _file(view, "page.html")


@app.page("/page.css")
async def style(view: View, request: Request) -> Response:  # noqa: ARG001
    """Answer with the style sheet."""
    return _file(view, "page.css")


@app.page("/page.js")
async def script(view: View, request: Request) -> Response:  # noqa: ARG001
    """Answer with the script."""
    return _file(view, "page.js")


@app.page("/favicon.svg")
async def icon(view: View, request: Request) -> Response:  # noqa: ARG001
    """Answer with the icon."""
    return _file(view, "favicon.svg")


@app.page("/events")
async def events(view: View, request: Request) -> Response:
    """Stream server-sent events until the viewer disconnects."""
    broadcaster = _broadcaster()
    viewer = broadcaster.subscribe() if broadcaster else None
    if broadcaster is None or viewer is None:
        text = "too many pages are open on this worker: close one, or open another worker's page"
        return view.text(text, status=503, headers={"Retry-After": "30"})
    try:
        return cast(Response, await send_events(cast(web.BaseRequest, request), viewer))
    finally:
        broadcaster.unsubscribe(viewer)


def state() -> dict[str, Any]:
    """Return the current state of the worker, as the page shows it."""
    runtime = app.runtime
    found = runtime.worker_state(end_offsets(), undecided_offsets(), missing_topics())
    return {
        "survey": runtime.required_settings().model.survey,
        "model": f"{runtime.classifier.name} {runtime.classifier.version}",
        "max_detections": runtime.required_settings().model.max_detections,
        "group": runtime.required_settings().group_id,
        "ready": found.ready,
        "lag": sum(found.lags.values()),
        "unfinished": found.unfinished,
        "total": runtime.counts.total,
        "shadow": _shadow(),
    }


def _shadow() -> dict[str, Any] | None:
    """Return what the shadow model, if there is one, says beside the live one."""
    shadow = app.runtime.shadow
    if shadow is None:
        return None
    return shadow_document(
        shadow.tally,
        model=f"{shadow.classifier.name} {shadow.classifier.version}",
        seconds_each=shadow.seconds_each,
        dropped=shadow.dropped,
        switched_off=shadow.switched_off,
    )


def _broadcaster() -> EventBroadcaster | None:
    """Return the broadcaster, or None if the runtime is not open or is stopping."""
    dashboard = app.runtime.dashboard
    if dashboard is None or app.should_stop:
        return None
    if not _broadcasters:
        _broadcasters.append(EventBroadcaster(dashboard, state))
        app.shutdown_callbacks.append(_broadcasters[0].close)
    return _broadcasters[0]


@lru_cache
def _read(name: str) -> bytes:
    return resources.files("stampapp.web").joinpath("static", name).read_bytes()


def _file(view: View, name: str) -> Response:
    kind = f"{_CONTENT_TYPES[name.rpartition('.')[2]]}; charset=utf-8"
    return view.bytes(_read(name), headers={**_HEADERS, "Content-Type": kind})

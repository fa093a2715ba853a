"""What Prometheus scrapes."""

from __future__ import annotations

from faust.web import Request, Response, View

from stampapp.app import app, ends


@app.page("/metrics")
async def metrics(view: View, request: Request) -> Response:  # noqa: ARG001
    """Answer with every metric in Prometheus's text format."""
    works = app.works
    text = works.gauges.exposition(works.state(ends()))
    return view.bytes(text, headers={"Content-Type": works.gauges.content_type})

"""The endpoint that Prometheus scrapes."""

from __future__ import annotations

from faust.web import Request, Response, View

from stampapp.app import app, end_offsets, missing_topics, undecided_offsets


@app.page("/metrics")
async def metrics(view: View, request: Request) -> Response:  # noqa: ARG001
    """Answer with all metrics in Prometheus's text format."""
    runtime = app.runtime
    state = runtime.worker_state(end_offsets(), undecided_offsets(), missing_topics())
    text = runtime.metrics.exposition(state)
    return view.bytes(text, headers={"Content-Type": runtime.metrics.content_type})

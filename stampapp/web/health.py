"""Whether the worker lives, and whether it is ready to do its work."""

from __future__ import annotations

import asyncio
from typing import Any

from faust.web import Request, Response, View

from stampapp.app import app


@app.page("/healthz")
async def healthz(view: View, request: Request) -> Response:  # noqa: ARG001
    """Answer 200 as long as the event loop turns and nothing has failed for good."""
    failure = app.works.failure
    return view.json({"failure": str(failure) if failure else None}, status=500 if failure else 200)


@app.page("/readyz")
async def readyz(view: View, request: Request) -> Response:  # noqa: ARG001
    """Answer 200 when the model is loaded, partitions are assigned and the sinks deliver."""
    works = app.works
    assigned = bool(app.consumer.assignment()) if works.pipeline else False
    state: dict[str, Any] = {
        "ready": works.ready and assigned,
        "model_loaded": works.pipeline is not None,
        "device": works.classifier.device if works.pipeline else None,
        "precision": works.classifier.precision if works.pipeline else None,
        "partitions_assigned": assigned,
        "sinks_deliver": not works.retrying,
        "outcomes": works.counts.by_verdict,
        "metrics_lost": works.counts.metrics_lost,
        "tasks": len(asyncio.all_tasks()),
    }
    return view.json(state, status=200 if state["ready"] else 503)

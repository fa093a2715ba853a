"""The health endpoints: /healthz (alive) and /readyz (ready to work)."""

from __future__ import annotations

import asyncio
from typing import Any

from faust.web import Request, Response, View

from stampapp.app import app, assigned_partitions, missing_topics


@app.page("/healthz")
async def healthz(view: View, request: Request) -> Response:  # noqa: ARG001
    """Answer 200 while the event loop runs and nothing has failed, else 500."""
    failure = app.runtime.failure
    return view.json({"failure": str(failure) if failure else None}, status=500 if failure else 200)


def _engine() -> dict[str, str | None]:
    if not app.runtime.pipeline:
        return dict.fromkeys(("engine", "instruction_set", "engine_reason"))
    engine = app.runtime.classifier.engine
    return {
        "engine": engine.name,
        "instruction_set": engine.instruction_set,
        "engine_reason": engine.reason,
    }


@app.page("/readyz")
async def readyz(view: View, request: Request) -> Response:  # noqa: ARG001
    """Answer 200 if the model is loaded, partitions are assigned and nothing is retried."""
    runtime = app.runtime
    assigned = bool(assigned_partitions()) if runtime.pipeline else False
    state: dict[str, Any] = {
        "ready": runtime.ready and assigned,
        "model_loaded": runtime.pipeline is not None,
        **_engine(),
        "device": runtime.classifier.device if runtime.pipeline else None,
        "precision": runtime.classifier.precision if runtime.pipeline else None,
        "partitions_assigned": assigned,
        "missing_topics": missing_topics(),
        "sinks_deliver": not runtime.retrying,
        "schemas_known": not runtime.awaits_schema,
        "shadow_active": runtime.shadow and not runtime.shadow.switched_off,
        "outcomes": runtime.counts.by_kind,
        "max_detections": runtime.required_settings().model.max_detections,
        "over_max_detections": runtime.counts.over_max_detections,
        "metrics_lost": runtime.counts.metrics_lost,
        "tasks": len(asyncio.all_tasks()),
    }
    return view.json(state, status=200 if state["ready"] else 503)

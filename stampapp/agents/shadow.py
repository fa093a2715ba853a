"""Hand confirmed batches to the shadow model, if there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stampapp.agents.supervision import waiting_messages
from stampapp.app import app
from stampapp.results import provenance

if TYPE_CHECKING:
    from stampapp.worker.batch import Batch

# With more messages that the pipeline has not taken, the stream has something to catch up with.
BUSY_LAG = 256


def start_shadow() -> None:
    """Start the shadow model beside the pipeline."""
    if app.runtime.shadow:
        app.runtime.shadow.start(stream_is_busy)


def add_confirmed(batch: Batch) -> None:
    """Give the shadow model a batch whose results are confirmed, without waiting for it."""
    if app.runtime.shadow:
        group = app.runtime.required_settings().group_id
        # They name no other messages of the batch: `reconcile` does not read these predictions.
        headers = [provenance.source_headers(one, group) for one in batch.messages]
        app.runtime.shadow.add(headers, batch.outcomes)


def stream_is_busy() -> bool:
    """Return whether live batches wait for a thread, or messages for the pipeline."""
    pipeline = app.runtime.pipeline
    return pipeline is not None and bool(
        pipeline.classify_queue.waiting or waiting_messages() > BUSY_LAG
    )

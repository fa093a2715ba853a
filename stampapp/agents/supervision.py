"""Hand partitions back at a rebalance, and stop a worker that no longer gets on."""

from __future__ import annotations

import time
from typing import Any

from stampapp.app import app, end_offsets
from stampapp.errors import StampError
from stampapp.worker.stall_detector import StallDetector

# A rebalance waits this long for the batches under way; the rest is consumed again.
REBALANCE_TIMEOUT = 15.0
CHECK_INTERVAL = 10.0
stall_detector = StallDetector()


@app.on_partitions_revoked.connect
async def release_partitions(*_: Any, **__: Any) -> None:
    """Finish and commit what can be finished before another worker takes the partitions."""
    # The group waits for a member no longer than its session.
    half_a_session = app.runtime.required_settings().session_timeout / 2
    await app.runtime.release_partitions(min(REBALANCE_TIMEOUT, half_a_session))


@app.timer(interval=CHECK_INTERVAL)  # type: ignore[untyped-decorator]
async def check_periodically() -> None:
    """Look now and then whether the worker gets on."""
    await check_progress()


async def check_progress() -> None:
    """Stop a worker that no longer gets on, so that its supervisor starts another."""
    runtime = app.runtime
    if runtime.pipeline is None or runtime.retrying:
        return
    lag = waiting_messages()
    seconds = stall_detector.stalled_for(
        waiting=lag, last_progress=runtime.pipeline.last_progress, now=time.monotonic()
    )
    if seconds > runtime.required_settings().stall_timeout:
        await fail(StampError(f"{lag} messages wait and none was taken for {seconds:.0f} s"))
    # Faust would go on knocking for ever, and nobody hear of it but the log.
    if problem := await runtime.access_monitor.check(runtime.pipeline.last_progress):
        await fail(StampError(problem))


def waiting_messages() -> int:
    """Return how many messages of our partitions have been fetched or offered, but not taken."""
    pipeline = app.runtime.pipeline
    return pipeline.offset_tracker.not_taken(end_offsets()) if pipeline else 0


async def fail(error: BaseException) -> None:
    """Stop the worker: what is not acknowledged comes back to its successor."""
    if app.runtime.failure is None:
        reason = _out_of_memory(error) if isinstance(error, MemoryError) else error
        app.runtime.record_failure(reason)
        await app.crash(reason)


def _out_of_memory(error: MemoryError) -> StampError:
    # The bare error often says nothing, and mode's words for it would run into our last ones.
    return StampError(
        f"out of memory ({str(error) or 'Python says no more'}): allow the worker more, or lower"
        " CONSUME_MESSAGES or BATCHES_IN_FLIGHT"
    )

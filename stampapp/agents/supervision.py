"""Release partitions in a rebalance, and stop a worker that makes no progress."""

from __future__ import annotations

import time
from typing import Any

from stampapp.app import app, end_offsets
from stampapp.errors import StampError
from stampapp.worker.stall_detector import StallDetector

# Seconds that a rebalance waits for batches in flight; whatever is unfinished is consumed again.
REBALANCE_TIMEOUT = 15.0
# Seconds between two checks for progress.
CHECK_INTERVAL = 10.0
stall_detector = StallDetector()


@app.on_partitions_revoked.connect
async def release_partitions(*_: Any, **__: Any) -> None:
    """Finish and commit batches before another worker gets the partitions."""
    # The group waits for a member for at most the session timeout.
    half_a_session = app.runtime.required_settings().session_timeout / 2
    await app.runtime.release_partitions(min(REBALANCE_TIMEOUT, half_a_session))


@app.timer(interval=CHECK_INTERVAL)  # type: ignore[untyped-decorator]
async def check_periodically() -> None:
    """Check the progress of the worker every CHECK_INTERVAL seconds."""
    await check_progress()


async def check_progress() -> None:
    """Stop a worker that is stalled or has lost access, so that its supervisor restarts it."""
    runtime = app.runtime
    if runtime.pipeline is None or runtime.retrying or runtime.awaits_schema:
        return
    lag = waiting_messages()
    seconds = stall_detector.stalled_for(
        waiting=lag, last_activity=runtime.pipeline.last_activity, now=time.monotonic()
    )
    if seconds > runtime.required_settings().stall_timeout:
        await stop_worker(
            StampError(f"{lag} messages are waiting and none was consumed for {seconds:.0f} s")
        )
    # Faust itself would retry for ever; only its log would show it.
    if problem := await runtime.access_monitor.check(runtime.pipeline.last_activity):
        await stop_worker(StampError(problem))


def waiting_messages() -> int:
    """Return how many messages of the assigned partitions the pipeline has not taken yet."""
    pipeline = app.runtime.pipeline
    return pipeline.offset_tracker.not_taken(end_offsets()) if pipeline else 0


async def stop_worker(error: BaseException) -> None:
    """Stop the worker; uncommitted messages are consumed again by the next one."""
    if app.runtime.failure is None:
        reason = _out_of_memory(error) if isinstance(error, MemoryError) else error
        app.runtime.record_failure(reason)
        await app.crash(reason)


def _out_of_memory(error: MemoryError) -> StampError:
    # A MemoryError often has no text, and mode would log it together with our last message.
    return StampError(
        f"out of memory ({str(error) or 'no details'}): give the worker more memory, or lower"
        " IN_FLIGHT_MESSAGES, IN_FLIGHT_MIB or CONSUME_MESSAGES"
    )

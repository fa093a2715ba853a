"""Throughput of worker processes: from alerts on a broker to confirmed predictions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import process_usage
from benchmarks.page_viewers import page_viewers
from benchmarks.worker_run import BenchmarkSetup, ConfirmedBatch, Run, run_workers

# The first batches wait for connections, the last ones have nothing to overlap with.
STEADY_STATE = (0.2, 0.9)


@dataclass(frozen=True, kw_only=True, slots=True)
class Throughput:
    """The throughput of workers in steady state.

    `viewers` is the number of clients of each worker's page; `rate` in alerts per second; `cpu_ms`
    per alert, by stage and of the broker; `peak_rss` of the largest worker in MiB.
    """

    workers: int
    viewers: int
    settings: dict[str, str]
    rate: float
    cpu_ms: dict[str, float]
    peak_rss: float


def measure_throughput(  # noqa: PLR0913  # the dimensions of the comparison
    setup: BenchmarkSetup,
    topic: str,
    count: int,
    settings: dict[str, str],
    *,
    workers: int = 1,
    viewers: int = 0,
) -> Throughput:
    """Let workers classify at least the first `count` alerts of a topic."""
    first, last = (int(share * count) for share in STEADY_STATE)
    with run_workers(setup, settings | {"CONSUMER_TOPICS": topic}, workers) as run:
        run.wait_for(first // 2)
        with page_viewers(run, viewers):
            begun, before = run.wait_for(first), _cpu(setup, run)
            ended, after = run.wait_for(last), _cpu(setup, run)
        peak = max(process_usage.peak_mib(pid) for pid in run.pids)
        run.wait_for(count)
        # The metrics messages come last, and nothing waits for them.
        time.sleep(1.0)
        batches = run.confirmed_batches()
    return Throughput(
        workers=workers,
        viewers=viewers,
        settings=settings,
        rate=steady_rate(batches, count),
        cpu_ms=process_usage.per_alert(before, after, ended - begun),
        peak_rss=peak,
    )


def _cpu(setup: BenchmarkSetup, run: Run) -> dict[str, float]:
    broker = sum(process_usage.cpu_seconds([setup.broker]).values())
    return {**process_usage.cpu_seconds(run.pids), "broker": broker}


def steady_rate(batches: Sequence[ConfirmedBatch], count: int) -> float:
    """Return the alerts per second in steady state, from the confirmation times of batches."""
    confirmed, inside = 0, []
    for instant, messages in batches:
        confirmed += messages
        if STEADY_STATE[0] * count <= confirmed <= STEADY_STATE[1] * count:
            inside.append((instant, confirmed))
    if len(inside) < 2:
        raise ValueError(f"{len(batches)} batches are too few for a rate: use more alerts")
    (begin, before), (end, after) = inside[0], inside[-1]
    return (after - before) / (end - begin).total_seconds()

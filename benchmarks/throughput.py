"""End to end: alerts that wait on a real Kafka, worker processes, confirmed predictions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import process_usage
from benchmarks.page_viewers import looking
from benchmarks.worker_run import Figure, Run, Venue, running

# The first batches pay for connections, the last ones have nothing to overlap with.
STEADY = (0.2, 0.9)


@dataclass(frozen=True, kw_only=True, slots=True)
class Throughput:
    """What workers managed in steady state.

    `viewers` is how many looked at each worker's page; `rate` in alerts per second; `cpu_ms` per
    alert by stage, and the broker's; `peak_rss` of the largest worker in MiB.
    """

    workers: int
    viewers: int
    settings: dict[str, str]
    rate: float
    cpu_ms: dict[str, float]
    peak_rss: float


def throughput(  # noqa: PLR0913  # each is another dimension of what is compared
    venue: Venue,
    topic: str,
    count: int,
    settings: dict[str, str],
    *,
    workers: int = 1,
    viewers: int = 0,
) -> Throughput:
    """Let workers classify the first `count` alerts, or some more, that wait on a topic."""
    first, last = (int(share * count) for share in STEADY)
    with running(venue, settings | {"CONSUMER_TOPICS": topic}, workers) as run:
        run.wait_for(first // 2)
        with looking(run, viewers):
            begun, before = run.wait_for(first), _cpu(venue, run)
            ended, after = run.wait_for(last), _cpu(venue, run)
        peak = max(process_usage.peak_mib(pid) for pid in run.pids)
        run.wait_for(count)
        # The figures are published last, and nobody waits for them.
        time.sleep(1.0)
        figures = run.figures()
    return Throughput(
        workers=workers,
        viewers=viewers,
        settings=settings,
        rate=steady_rate(figures, count),
        cpu_ms=process_usage.per_alert(before, after, ended - begun),
        peak_rss=peak,
    )


def _cpu(venue: Venue, run: Run) -> dict[str, float]:
    broker = sum(process_usage.cpu_seconds([venue.broker]).values())
    return {**process_usage.cpu_seconds(run.pids), "broker": broker}


def steady_rate(figures: Sequence[Figure], count: int) -> float:
    """Return the alerts per second in between, from when each batch was confirmed."""
    done, inside = 0, []
    for instant, messages in figures:
        done += messages
        if STEADY[0] * count <= done <= STEADY[1] * count:
            inside.append((instant, done))
    if len(inside) < 2:
        raise ValueError(f"{len(figures)} batches are too few to tell a rate: stream more alerts")
    (begin, before), (end, after) = inside[0], inside[-1]
    return (after - before) / (end - begin).total_seconds()

"""CPU time of workers that classify bursts of alerts in turns, on one broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from benchmarks import process_usage
from benchmarks.announcement import announce
from benchmarks.worker_run import BenchmarkSetup, Run, run_workers
from tests.support.topics import Record, produce


def measure_bursts(
    setup: BenchmarkSetup, workers: Mapping[str, Mapping[str, str]], alerts: int, turns: int
) -> dict[str, float]:
    """Return the least CPU milliseconds an alert of each worker, by the names of their settings.

    While one classifies a burst, the others wait, and a first burst warms each up.
    """
    burst = list(setup.sample.messages(alerts))
    costs: dict[str, list[float]] = {name: [] for name in workers}
    with ExitStack() as stack:
        runs = {
            name: stack.enter_context(run_workers(setup, settings))
            for name, settings in workers.items()
        }
        for turn in range(1 + turns):
            announce(f"burst {turn} of {turns} in turns")
            for name, run in runs.items():
                costs[name].append(_burst_cost(setup, run, burst))
    return {name: min(found[1:]) for name, found in costs.items()}


def _burst_cost(setup: BenchmarkSetup, run: Run, burst: Sequence[Record]) -> float:
    """Publish a burst, and return the CPU milliseconds an alert until all are confirmed."""
    confirmed, before = run.confirmed(), process_usage.cpu_seconds(run.pids)
    produce(setup.bootstrap, run.settings["CONSUMER_TOPICS"], burst)
    run.wait_for(confirmed + len(burst))
    after = process_usage.cpu_seconds(run.pids)
    return sum(process_usage.per_alert(before, after, len(burst)).values())

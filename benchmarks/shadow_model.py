"""What a shadow model costs a worker: while messages wait, and at a steady rate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import latencies, process_usage, throughput
from benchmarks.announcement import announce
from benchmarks.latencies import WARM_UP
from benchmarks.worker_run import BenchmarkSetup, run_workers
from tests.support.topics import produce
from tests.support.web import shadow_counts

# Alerts per second: the mean rate of Rubin.
RATE = 250.0
# Seconds in which the shadow model catches up with the last results.
REST = 3.0
# None: without a shadow model.
SHARES = (None, 0.1, 1.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class ShadowCost:
    """The cost of a shadow model, the same as the live one, that sees a `share` of the objects.

    `rate` in alerts per second while messages wait. CPU milliseconds an alert by stage: `cpu_ms`
    while messages wait, `steady_cpu_ms` at RATE; `seen` are the alerts that it has classified at
    RATE, as a share of all.
    """

    share: float | None
    rate: float
    cpu_ms: dict[str, float]
    steady_cpu_ms: dict[str, float]
    seen: float


def measure_shadow(
    setup: BenchmarkSetup, topic: str, alerts: int, seconds: float
) -> Iterator[ShadowCost]:
    """Yield the cost for each share: of the first `alerts` of a topic, and of `seconds` at RATE."""
    for share in SHARES:
        announce(f"{setup.sample.survey}, shadow model that sees a share of {share or 0:g}")
        settings = _settings(setup, share)
        waiting = throughput.measure_throughput(setup, topic, alerts, settings)
        steady, seen = _at_a_steady_rate(setup, int(RATE * seconds), settings)
        yield ShadowCost(
            share=share,
            rate=waiting.rate,
            cpu_ms=waiting.cpu_ms,
            steady_cpu_ms=steady,
            seen=seen,
        )


def _settings(setup: BenchmarkSetup, share: float | None) -> dict[str, str]:
    if share is None:
        return {}
    return {"SHADOW_MODEL_PATH": str(setup.sample.model), "SHADOW_SHARE": f"{share:g}"}


def _at_a_steady_rate(
    setup: BenchmarkSetup, alerts: int, settings: dict[str, str]
) -> tuple[dict[str, float], float]:
    """Return CPU milliseconds an alert by stage, and the share that the shadow model has seen."""
    with run_workers(setup, {"CONSUME_TIMEOUT": "0.2", **settings}) as run:
        (worker,) = run.workers
        warm_up = setup.sample.messages(WARM_UP, "warm-")
        produce(setup.bootstrap, run.settings["CONSUMER_TOPICS"], warm_up)
        run.wait_for(WARM_UP)
        time.sleep(REST)
        seen, before = sum(shadow_counts(worker).values()), process_usage.cpu_seconds(run.pids)
        latencies.publish_at_rate(run, setup.sample.messages(alerts), RATE)
        run.wait_for(WARM_UP + alerts)
        time.sleep(REST)
        after = process_usage.cpu_seconds(run.pids)
        seen = sum(shadow_counts(worker).values()) - seen
    return process_usage.per_alert(before, after, alerts), seen / alerts

"""Format the report of a run as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks import network_table
from benchmarks.worker_cases import DEFAULT, SMALL

Report = Mapping[str, Any]
SURVEYS = ("ztf", "lsst", "atlas")
# The width of a row's name.
NAME = 36


def lines(report: Report) -> Iterator[str]:
    """Yield the table."""
    machine = report["machine"]
    yield (
        f"{machine['processor']}, {machine['cores']} cores, load {machine['load']:.1f} at the"
        f" start; one core multiplies float32 matrices at {machine['gemm_gflops']:.0f} GFLOP/s"
    )
    for name in SURVEYS:
        if survey := report.get(name):
            yield from ("", survey["sample"])
            yield from network_table.lines(survey.get("networks", ()), machine["gemm_gflops"])
            yield from _stages(survey)
            yield from _streams(survey)
            yield from _small_batches(survey["end_to_end"])
            yield from _shadow(survey.get("shadow", ()))
            yield from _latencies(survey["latency"])


def _stages(survey: Report) -> Iterator[str]:
    yield ""
    yield f"{'single stage':<{NAME}}  alerts/s   CPU-ms an alert"
    yield _stage("decode and prepare, one thread", survey["decode"])
    yield _stage(f"of the largest, {survey['largest_kb']:.0f} kB", survey["decode_largest"])
    for network, rates in survey["classify"].items():
        for size, rate in rates.items():
            yield _stage(f"classify, {network} {size}", rate)
    if "publish_cpu_ms" in survey:
        yield f"  {'publish, confirmed':<{NAME}}{'':8}{survey['publish_cpu_ms']:12.2f}"


def _stage(name: str, rate: Mapping[str, float]) -> str:
    return f"  {name:<{NAME}}{rate['per_second']:8.0f}{rate['cpu_ms']:12.2f}"


def best_network_rate(survey: Report, network: str) -> float:
    """Return the alerts per second of a network alone, at its best batch size."""
    return max(float(rate["per_second"]) for rate in survey["classify"][network].values())


def _streams(survey: Report) -> Iterator[str]:
    yield ""
    yield (
        f"{'Kafka to confirmed':<{NAME}}  alerts/s of best   CPU-ms an alert:"
        " decode  infer publish   rest   all  broker   peak"
    )
    for row in survey["end_to_end"]:
        yield _stream(row, survey)


def _stream(row: Mapping[str, Any], survey: Report) -> str:
    costs = by_stage(row["cpu_ms"], survey.get("publish_cpu_ms", 0.0))
    parts = " ".join(f"{value:6.2f}" for value in costs.values())
    share = row["rate"] / best_network_rate(survey, row["network"])
    return (
        f"  {row['name']:<{NAME}}{row['rate']:8.0f} {share:7.0%}{'':19}{parts}"
        f" {sum(costs.values()):5.2f}{row['cpu_ms']['broker']:8.2f} {row['peak_rss']:6.0f} MiB"
    )


def by_stage(cpu_ms: Mapping[str, float], publish: float) -> dict[str, float]:
    """Return the CPU milliseconds by stage.

    `publish` was measured separately, or is 0. The rest of the event loop's thread and the other
    threads are Kafka's and Faust's.
    """
    loop = cpu_ms.get("loop", 0.0)
    return {
        "decode": cpu_ms.get("decode", 0.0),
        "infer": cpu_ms.get("infer", 0.0),
        "publish": min(publish, loop),
        "rest": max(0.0, loop - publish) + cpu_ms.get("shadow", 0.0) + cpu_ms.get("other", 0.0),
    }


def _small_batches(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what batches of 50 reach of the rate of 256, for each network measured with both."""
    by_name = {row["name"]: row for row in rows}
    for name, row in by_name.items():
        small = by_name.get(f"{row['network']} {SMALL}")
        if small and name == f"{row['network']} {DEFAULT}":
            share = small["rate"] / row["rate"]
            yield f"  {row['network']}: batches of {SMALL} at {share:.0%} of the rate of {DEFAULT}"


def _shadow(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if rows:
        yield ""
        yield (
            f"{'shadow model':<{NAME}}  alerts/s   CPU-ms an alert;  at a steady rate: all"
            "  its own  share seen"
        )
    for row in rows:
        name = "none" if row["share"] is None else f"of the same network, share {row['share']:g}"
        steady = row["steady_cpu_ms"]
        yield (
            f"  {name:<{NAME}}{row['rate']:8.0f}{_all(row['cpu_ms']):18.2f}{_all(steady):24.2f}"
            f"{steady.get('shadow', 0.0):9.2f}{row['seen']:12.0%}"
        )


def _all(cpu_ms: Mapping[str, float]) -> float:
    return sum(by_stage(cpu_ms, 0.0).values())


def _latencies(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield ""
    yield f"{'message to output':<{NAME}}       p50     p99     max   seconds"
    for row in rows:
        spread = row["spread"]
        name = f"{row['rate']:g}/s" if row["rate"] else f"burst of {row['alerts']}"
        settings = " ".join(f"{key}={value}" for key, value in row["settings"].items())
        drained = settings if row["rate"] else f"drained in {row['drained']:.1f} s"
        yield (
            f"  {name:<{NAME}}{spread['p50']:8.2f}{spread['p99']:8.2f}{spread['largest']:8.2f}"
            f"   {drained}"
        )

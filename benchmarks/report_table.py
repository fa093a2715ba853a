"""Format the report of a run as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Report = Mapping[str, Any]


def best_network_rate(report: Report, settings: Mapping[str, str]) -> float:
    """Return the alerts per second of the network alone, at its best batch size.

    The precision is that of a worker with these `settings`.
    """
    rates = report["judge"][settings.get("MODEL_PRECISION", "float32")]
    return max(float(rate["per_second"]) for rate in rates.values())


def lines(report: Report) -> Iterator[str]:
    """Yield the table."""
    if "sample" in report:
        yield f"{report['cores']} cores, {report['sample']}"
        yield from _stages(report)
        yield from _streams(report)
        yield from _latencies(report["latency"])
    if "lsst" in report:
        yield from _lsst(report["cores"], report["lsst"])


def _stages(report: Report) -> Iterator[str]:
    yield ""
    yield "single stage                alerts/s   CPU-ms per alert"
    yield _stage("decode, one thread", report["decode"])
    for precision, rates in report["judge"].items():
        for size, rate in rates.items():
            yield _stage(f"{precision}, batches of {size}", rate)
    yield f"  {'publish, confirmed':<26}{'':8}{report['publish_cpu_ms']:12.2f}"


def _stage(name: str, rate: Mapping[str, float]) -> str:
    return f"  {name:<26}{rate['per_second']:8.0f}{rate['cpu_ms']:12.2f}"


def _streams(report: Report) -> Iterator[str]:
    yield ""
    yield (
        "Kafka to confirmed          alerts/s  of best   CPU-ms per alert:"
        " decode  infer publish   rest   all  broker   peak"
    )
    for row in report["end_to_end"]:
        (settings,) = (f"{key}={value}" for key, value in row["settings"].items())
        yield _stream(settings, row, report)
    for row in report["workers"]:
        yield _stream(f"workers: {row['workers']}", row, report)
    for row in report["page"]:
        name = f"page, viewers: {row['viewers']}" if row["viewers"] else "no page"
        yield _stream(name, row, report)
    for count in report["workers_left_out"]:
        yield f"  workers: {count:<17} left out: only {report['cores']} cores"


def _stream(name: str, row: Mapping[str, Any], report: Report) -> str:
    costs = by_stage(row["cpu_ms"], report["publish_cpu_ms"])
    parts = " ".join(f"{value:6.2f}" for value in costs.values())
    share = row["rate"] / best_network_rate(report, row["settings"])
    return (
        f"  {name:<26}{row['rate']:8.0f}  {share:7.0%}{'':20}{parts} {sum(costs.values()):5.2f}"
        f"{row['cpu_ms']['broker']:8.2f}"
        f" {row['peak_rss']:6.0f} MiB"
    )


def by_stage(cpu_ms: Mapping[str, float], publish: float) -> dict[str, float]:
    """Return the CPU milliseconds by stage.

    `publish` was measured separately. The rest of the event loop's thread and the other threads are
    Kafka's and Faust's.
    """
    loop = cpu_ms.get("loop", 0.0)
    return {
        "decode": cpu_ms.get("decode", 0.0),
        "infer": cpu_ms.get("infer", 0.0),
        "publish": min(publish, loop),
        "rest": max(0.0, loop - publish) + cpu_ms.get("other", 0.0),
    }


def _lsst(cores: int, report: Report) -> Iterator[str]:
    yield ""
    yield f"{cores} cores, {report['sample']}"
    yield "single stage                alerts/s   CPU-ms per alert"
    yield _stage("decode, one thread", report["decode"])
    yield _stage(f"decode {report['largest_kb']:.0f} kB", report["decode_largest"])
    yield _stage("decode and prepare", report["prepare"])
    stream = report["end_to_end"]
    total = sum(cost for stage, cost in stream["cpu_ms"].items() if stage != "broker")
    yield _stage("Kafka to confirmed", {"per_second": stream["rate"], "cpu_ms": total})
    yield from _latencies([report["burst"]])


def _latencies(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield ""
    yield "message to output               p50     p99     max   seconds"
    for row in rows:
        spread = row["spread"]
        name = f"{row['rate']:g}/s" if row["rate"] else f"burst of {row['alerts']}"
        settings = " ".join(f"{key}={value}" for key, value in row["settings"].items())
        drained = settings if row["rate"] else f"drained in {row['drained']:.1f} s"
        yield (
            f"  {name:<26}{spread['p50']:8.2f}{spread['p99']:8.2f}{spread['largest']:8.2f}"
            f"   {drained}"
        )

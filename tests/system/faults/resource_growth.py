"""Check that the resources of a process do not grow."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# MiB per minute, by least squares.
MAX_SLOPE = 1.0
# Allowed growth of the median numbers of threads and files.
MAX_GROWTH = 0
# Tasks come and go with every batch.
MAX_TASK_GROWTH = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """The resources of a process at a time (`at`, s since the start); memory in MiB.

    `peak` is its maximum memory so far.
    """

    at: float
    rss: float
    peak: float
    threads: int
    files: int
    tasks: int


@dataclass(frozen=True, kw_only=True, slots=True)
class GrowthReport:
    """The result of the measurements after the warm-up; `slope` in MiB per minute."""

    slope: float
    peak: float
    threads: int
    files: int
    tasks: int
    problems: tuple[str, ...]


def check_growth(measurements: Sequence[Measurement], *, warm: float, limit: float) -> GrowthReport:
    """Check the measurements from `warm` (s) on; `limit` (MiB) holds from the start."""
    measured = [one for one in measurements if one.at >= warm]
    found = {
        "slope": slope([(one.at / 60.0, one.rss) for one in measured]),
        "peak": max(one.peak for one in measurements),
    }
    grown = {
        "threads": growth([one.threads for one in measured]),
        "files": growth([one.files for one in measured]),
        "tasks": growth([one.tasks for one in measured]),
    }
    return GrowthReport(
        slope=found["slope"],
        peak=found["peak"],
        threads=grown["threads"],
        files=grown["files"],
        tasks=grown["tasks"],
        problems=tuple(_problems(found["slope"], found["peak"], grown, limit)),
    )


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of a least-squares line through the points."""
    return statistics.linear_regression(*zip(*points, strict=True)).slope


def growth(counts: Sequence[int]) -> int:
    """Return by how much the median of the last third exceeds that of the first."""
    third = max(1, len(counts) // 3)
    return statistics.median_low(counts[-third:]) - statistics.median_low(counts[:third])


def _problems(
    mib_per_minute: float, peak: float, grown: dict[str, int], limit: float
) -> Iterator[str]:
    if mib_per_minute >= MAX_SLOPE:
        yield f"the memory grows by {mib_per_minute:.2f} MiB a minute"
    if peak > limit:
        yield f"the memory was {peak:.0f} MiB, and {limit:.0f} MiB is the limit"
    for name, more in grown.items():
        if more > (MAX_TASK_GROWTH if name == "tasks" else MAX_GROWTH):
            yield f"there are {more} {name} more at the end"

"""Measure several pieces of work in turns, so that what else the machine does slows all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

LEAST_TURNS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """The least wall time and the least CPU time of repeated work, in seconds.

    Other programs only ever add to them, so these are the nearest to those of an idle machine.
    """

    wall: float
    cpu: float


def measure_in_turns(work: Mapping[str, Callable[[], object]], seconds: float) -> dict[str, Cost]:
    """Run each piece of work in turns for this long; the CPU time is that of all threads."""
    costs: dict[str, list[Cost]] = {name: [] for name in work}
    # The first run pays for caches and plans.
    for run in work.values():
        run()
    turns, end = 0, time.monotonic() + seconds
    while turns < LEAST_TURNS or time.monotonic() < end:
        for name, run in work.items():
            costs[name].append(_measure(run))
        turns += 1
    return {name: _least(found) for name, found in costs.items()}


def _measure(run: Callable[[], object]) -> Cost:
    start, used = time.perf_counter(), time.process_time()
    run()
    return Cost(wall=time.perf_counter() - start, cpu=time.process_time() - used)


def _least(costs: Sequence[Cost]) -> Cost:
    return Cost(wall=min(one.wall for one in costs), cpu=min(one.cpu for one in costs))

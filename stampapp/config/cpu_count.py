"""Count the processors that this process may use."""

from __future__ import annotations

import os
from pathlib import Path

_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
_MOST = 2**16


def cores() -> int:
    """Return how many processors this process may use, at least 1; a container's quota counts."""
    return max(1, min(len(os.sched_getaffinity(0)), round(_share(_CPU_MAX))))


def _share(cpu_max: Path) -> float:
    """Return the quota of the control group in processors, a very large number without one."""
    try:
        quota, period = cpu_max.read_text().split()
        return float(quota) / float(period)
    except (OSError, ValueError):
        # There is no such group, or its quota is "max".
        return float(_MOST)

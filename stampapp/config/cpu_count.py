"""Count the processors that this process may use."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_PROC = Path("/proc/self")
_ROOT = PurePosixPath()


def cores() -> int:
    """Return how many processors this process may use, at least 1.

    Its CPU affinity and the quotas of its control groups limit them.
    """
    quotas = (_quota(folder) for folder in _control_groups(_PROC))
    limit = min((one for one in quotas if one is not None), default=math.inf)
    processors = len(os.sched_getaffinity(0))
    # Rounded down: with 1.5 processors, two threads would use up the quota of a period of 100 ms
    # after 75 ms, and then all threads of the worker stand still, those of Kafka as well.
    return max(1, processors if limit >= processors else math.floor(limit))


def _control_groups(proc: Path) -> Iterator[Path]:
    """Yield the folders of the process's control groups for processors, and of their parents."""
    groups = dict(_memberships(proc))
    for mount_root, mount_point, controller in _mounts(proc):
        if (group := groups.get(controller)) is None:
            continue
        # A container may see only a part of the tree, and the path of its group from the host.
        inner = group.relative_to(mount_root) if group.is_relative_to(mount_root) else _ROOT
        if ".." in inner.parts:
            inner = _ROOT
        yield from (mount_point / one for one in (inner, *inner.parents))


def _memberships(proc: Path) -> Iterator[tuple[str, PurePosixPath]]:
    """Yield the process's group in the tree of each controller; version 2 has one, named ""."""
    for line in _lines(proc / "cgroup"):
        _, controllers, path = line.split(":", 2)
        yield from ((one, PurePosixPath(path)) for one in controllers.split(","))


def _mounts(proc: Path) -> Iterator[tuple[PurePosixPath, Path, str]]:
    """Yield root, folder and controller of each mounted tree that may limit processors."""
    for line in _lines(proc / "mountinfo"):
        fields, _, after = line.partition(" - ")
        _, _, _, root, folder, *_ = fields.split(" ")
        kind, *_, options = after.split(" ")
        if kind == "cgroup2":
            yield PurePosixPath(root), Path(folder), ""
        elif kind == "cgroup" and "cpu" in options.split(","):
            yield PurePosixPath(root), Path(folder), "cpu"


def _quota(group: Path) -> float | None:
    """Return how many processors a control group may use, None without a limit."""
    try:
        if (cpu_max := group / "cpu.max").exists():
            quota, period = cpu_max.read_text().split()
        else:
            quota = (group / "cpu.cfs_quota_us").read_text()
            period = (group / "cpu.cfs_period_us").read_text()
        processors = float(quota) / float(period)
    except (OSError, ValueError):
        # The group has no such file, as the root of all, or its quota is "max".
        return None
    # Without a limit, the quota of version 1 is -1.
    return processors if processors > 0 else None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stampapp.config import cpu_count

MANY = 64
WITHOUT = "-1"
# What /proc/self/cgroup and /proc/self/mountinfo say, with the folder that a test fills as {root}.
SYSTEMD = "0::/stamps.slice/ztf.service"
VERSION_2 = "31 23 0:28 / {root} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate"
DOCKER_1 = "5:cpuset:/docker/a\n4:cpu,cpuacct:/docker/a\n1:name=systemd:/docker/a\n0::/docker/a"
VERSION_1 = """\
32 31 0:29 / {root} ro - tmpfs tmpfs ro,mode=755
33 32 0:30 {of} {root}/cpu,cpuacct ro,relatime master:9 - cgroup cgroup rw,cpu,cpuacct
34 32 0:31 {of} {root}/cpuset ro,relatime master:9 - cgroup cgroup rw,cpuset
35 32 0:32 {of} {root}/unified ro,relatime master:9 - cgroup2 cgroup2 rw"""
Machine = Callable[..., int]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Return the number of processors found on a machine with these control groups."""

    def found(groups: str, mounts: str, files: dict[str, str], processors: int = MANY) -> int:
        (tmp_path / "cgroup").write_text(groups)
        (tmp_path / "mountinfo").write_text(mounts.replace("{root}", str(tmp_path / "fs")))
        for name, text in files.items():
            file = tmp_path / "fs" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{text}\n")
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)))
        monkeypatch.setattr(cpu_count, "_PROC", tmp_path)
        return cpu_count.cores()

    return found


def test_the_number_of_processors_is_at_most_that_of_the_machine() -> None:
    assert 1 <= cpu_count.cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("quota", "count"),
    [
        ("300000 100000", 3),
        ("150000 100000", 1),
        ("199999 100000", 1),
        ("50000 100000", 1),
        ("max 100000", MANY),
        ("9900000 100000", MANY),
        ("", MANY),
    ],
)
def test_a_container_has_no_more_than_its_quota_rounded_down(
    machine: Machine, quota: str, count: int
) -> None:
    assert machine("0::/", VERSION_2, {"cpu.max": quota}) == count


@pytest.mark.parametrize(
    ("service", "slice_", "count"),
    [
        ("400000 100000", "max 100000", 4),
        ("max 100000", "350000 100000", 3),
        ("500000 100000", "200000 100000", 2),
        ("200000 100000", "500000 100000", 2),
    ],
)
def test_the_smallest_quota_of_nested_groups_counts(
    machine: Machine, service: str, slice_: str, count: int
) -> None:
    files = {
        "stamps.slice/cpu.max": slice_,
        "stamps.slice/ztf.service/cpu.max": service,
        "other.slice/cpu.max": "100000 100000",
    }
    assert machine(SYSTEMD, VERSION_2, files) == count


@pytest.mark.parametrize("groups", ["0::/docker/a", "0::/../other"])
def test_a_container_that_sees_the_path_of_the_host_reads_its_own_group(
    machine: Machine, groups: str
) -> None:
    mounts = VERSION_2.replace("0:28 /", "0:28 /docker/a")
    assert machine(groups, mounts, {"cpu.max": "200000 100000"}) == 2


@pytest.mark.parametrize(
    ("inner", "outer", "count"),
    [("250000", WITHOUT, 2), (WITHOUT, "300000", 3), (WITHOUT, WITHOUT, MANY)],
)
def test_version_1_has_its_own_files(machine: Machine, inner: str, outer: str, count: int) -> None:
    files = {
        "cpu,cpuacct/docker/a/cpu.cfs_quota_us": inner,
        "cpu,cpuacct/docker/a/cpu.cfs_period_us": "100000",
        "cpu,cpuacct/docker/cpu.cfs_quota_us": outer,
        "cpu,cpuacct/docker/cpu.cfs_period_us": "100000",
        "cpuset/docker/a/cpu.cfs_quota_us": "100000",
        "cpuset/docker/a/cpu.cfs_period_us": "100000",
    }
    assert machine(DOCKER_1, VERSION_1.replace("{of}", "/"), files) == count


def test_a_container_of_version_1_sees_only_its_own_group(machine: Machine) -> None:
    files = {"cpu,cpuacct/cpu.cfs_quota_us": "150000", "cpu,cpuacct/cpu.cfs_period_us": "50000"}
    assert machine(DOCKER_1, VERSION_1.replace("{of}", "/docker/a"), files) == 3


def test_the_affinity_counts_without_control_groups(machine: Machine) -> None:
    assert machine("", "", {}, processors=5) == 5
    assert machine("0::/", VERSION_2, {"cpu.max": "800000 100000"}, processors=5) == 5

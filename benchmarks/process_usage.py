"""Resource usage of a process from /proc: CPU time by thread, and memory."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

# Prefix of thread names → stage; TensorFlow's threads work for classification.
STAGES = {"decode": "decode", "classify": "infer", "tf_": "infer", "shadow": "shadow"}
EVENT_LOOP = "loop"


def stage(thread: str, main: bool) -> str:
    """Return the stage of a thread: by its name, or the event loop for the main thread."""
    known = (found for begin, found in STAGES.items() if thread.startswith(begin))
    return EVENT_LOOP if main else next(known, "other")


def cpu_seconds(pids: Iterable[int]) -> dict[str, float]:
    """Return the CPU seconds that live processes have used, by stage."""
    tick = 1 / os.sysconf("SC_CLK_TCK")
    used: dict[str, float] = defaultdict(float)
    tasks = (task for pid in pids for task in Path(f"/proc/{pid}/task").iterdir())
    for task in tasks:
        try:
            name, fields = _split((task / "stat").read_text())
        except OSError:
            # The thread has ended in the meantime.
            continue
        used[stage(name, task.name == task.parts[2])] += tick * (int(fields[11]) + int(fields[12]))
    return used


def _split(stat: str) -> tuple[str, list[str]]:
    # The name may contain blanks and parentheses; the state follows the last parenthesis.
    begin, end = stat.index("(") + 1, stat.rindex(")")
    return stat[begin:end], stat[end + 1 :].split()


def per_alert(
    before: Mapping[str, float], after: Mapping[str, float], alerts: int
) -> dict[str, float]:
    """Return CPU milliseconds per alert by stage, between two readings."""
    return {key: 1000 * (seconds - before.get(key, 0.0)) / alerts for key, seconds in after.items()}


def peak_mib(pid: int) -> float:
    """Return the peak resident memory of a live process."""
    status = (Path("/proc") / str(pid) / "status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024

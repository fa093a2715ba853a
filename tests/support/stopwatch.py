"""Measure how long a program takes, without the time that it waits for a processor."""

from __future__ import annotations

import os
import time
from pathlib import Path
from subprocess import Popen
from threading import Timer
from typing import Any

# Seconds for things that must only end at some time, however busy the machine is.
AMPLE = 240.0


def seconds_without_waiting(process: Popen[Any]) -> float:
    """Wait for a process to end; return the seconds that it would take on a free machine.

    That is the time from now on, less that in which it could have run and had to wait for a
    processor. Only its main thread is measured.
    """
    end = Timer(AMPLE, process.kill)
    end.start()
    start, waited = time.monotonic(), _waited(process.pid)
    try:
        if process.returncode is None:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        return time.monotonic() - start - (_waited(process.pid) - waited)
    except BaseException:
        process.kill()
        raise
    finally:
        end.cancel()
        process.wait()


def _waited(pid: int) -> float:
    """Return the seconds that a process has waited for a processor."""
    statistics = Path(f"/proc/{pid}/schedstat")
    return int(statistics.read_text().split()[1]) / 1e9 if statistics.exists() else 0.0

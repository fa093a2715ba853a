"""How long a program takes, told apart from what else the machine does meanwhile."""

from __future__ import annotations

import os
import time
from pathlib import Path
from subprocess import Popen
from threading import Timer
from typing import Any

# Seconds for what must only end, however little of the machine it gets.
AMPLE = 240.0


def seconds_without_waiting(process: Popen[Any]) -> float:
    """Wait for a process to end; return the seconds that it would take on a free machine.

    That is the time from now on, less that in which it could have run and had to wait for a
    processor. Its threads beside the first are not looked at.
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
    """Seconds for a processor, as Linux tells them until a parent has taken note of the end."""
    told = Path(f"/proc/{pid}/schedstat")
    return int(told.read_text().split()[1]) / 1e9 if told.exists() else 0.0

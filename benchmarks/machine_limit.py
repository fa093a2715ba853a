"""The rate at which a core multiplies float32 matrices: a measure of what the processor can do.

It is no strict limit: the best convolutions of TensorFlow exceed numpy's products on some machines.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import turns

# Which is the fastest depends on the processor.
SIDES = (512, 1024, 2048)
SECONDS_EACH = 1.5
CPUINFO = Path("/proc/cpuinfo")


def gemm_gflops() -> float:
    """Return the GFLOP per second of CPU time of one thread of numpy's OpenBLAS.

    It runs in a process of its own, because OpenBLAS reads its number of threads once.
    """
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    arguments = [sys.executable, "-m", "benchmarks.machine_limit"]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def measure_gflops(side: int, seconds: float) -> float:
    """Return the rate of products of two square matrices in this thread."""
    rng = np.random.default_rng(1)
    left, right = (rng.random((side, side), np.float32) for _ in range(2))
    product = np.empty_like(left)
    multiply = partial(np.matmul, left, right, out=product)
    cost = turns.measure_in_turns({"multiply": multiply}, seconds)["multiply"]
    return 2 * side**3 / cost.cpu / 1e9


def processor_name(cpuinfo: Path = CPUINFO) -> str:
    """Return the processor's name as the kernel knows it."""
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, "an unnamed processor")


if __name__ == "__main__":
    print(max(measure_gflops(side, SECONDS_EACH) for side in SIDES))

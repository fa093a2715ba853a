"""The ratios that the light benchmark checks hold on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.stopwatch import AMPLE

ROOT = Path(__file__).parents[2]


def test_the_native_engine_is_fast_and_small_batches_cost_little_more(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--light", "--json", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=2 * AMPLE,
        check=False,
    )
    report = json.loads(path.read_text()) if path.exists() else {}
    if reason := report.get("left_out"):
        pytest.skip(f"there is no native engine: {reason}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert report["checks"], done.stderr
    print(done.stdout)

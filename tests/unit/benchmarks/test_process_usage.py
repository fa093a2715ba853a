from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from benchmarks import process_usage


@pytest.mark.parametrize(
    ("thread", "main", "found"),
    [
        ("decode", False, "decode"),
        ("classify", False, "infer"),
        ("tf_Compute", False, "infer"),
        ("shadow", False, "shadow"),
        ("python", False, "other"),
        ("classify", True, "loop"),
        ("python", True, "loop"),
    ],
)
def test_the_stage_of_a_thread(thread: str, main: bool, found: str) -> None:
    assert process_usage.stage(thread, main) == found


def test_cpu_time_per_alert() -> None:
    found = process_usage.per_alert({"loop": 1.0}, {"loop": 3.0, "decode": 0.5}, alerts=100)
    assert found == {"loop": 20.0, "decode": 5.0}


def test_cpu_time_of_a_thread_by_stage() -> None:
    def work() -> None:
        # The name of a thread may contain a parenthesis.
        Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text("decode) x")
        while time.thread_time() < 0.1:
            pass
        busy.set()
        over.wait()

    busy, over = threading.Event(), threading.Event()
    thread = threading.Thread(target=work)
    before = process_usage.cpu_seconds([os.getpid()])
    thread.start()
    busy.wait()
    after = process_usage.cpu_seconds([os.getpid()])
    over.set()
    thread.join()
    assert after["decode"] - before.get("decode", 0.0) >= 0.08
    assert after["loop"] >= before["loop"]


def test_peak_memory_of_a_process() -> None:
    assert 10 < process_usage.peak_mib(os.getpid()) < 100_000

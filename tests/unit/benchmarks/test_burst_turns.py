from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks import burst_turns, process_usage, ztf_sample
from benchmarks.worker_run import BenchmarkSetup


class FakeRun:
    """A worker that uses, for each burst, the next of these CPU seconds."""

    def __init__(self, name: str, seconds: Iterable[float]) -> None:
        self.settings = {"CONSUMER_TOPICS": name}
        self.pids = [self]
        self.used, self.taken, self._seconds = 0.0, 0, iter(seconds)

    def confirmed(self) -> int:
        return self.taken

    def wait_for(self, count: int) -> None:
        self.used += next(self._seconds)
        self.taken = count


def test_the_cheapest_burst_counts_without_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {"50": [0.01, 0.5, 0.3, 0.4], "256": [0.01, 0.2, 0.9, 0.25]}
    produced: list[str] = []

    @contextmanager
    def run_workers(setup: object, settings: Mapping[str, str]) -> Iterator[FakeRun]:
        yield FakeRun(settings["CONSUME_MESSAGES"], seconds[settings["CONSUME_MESSAGES"]])

    def produce(bootstrap: str, topic: str, records: Any) -> None:
        assert len(list(records)) == 100
        produced.append(topic)

    monkeypatch.setattr(burst_turns, "run_workers", run_workers)
    monkeypatch.setattr(burst_turns, "produce", produce)
    monkeypatch.setattr(process_usage, "cpu_seconds", lambda pids: {"infer": pids[0].used})
    setup = BenchmarkSetup(
        bootstrap="", broker=0, folder=Path(), sample=ztf_sample.shipped_sample()
    )
    workers = {size: {"CONSUME_MESSAGES": size} for size in seconds}
    found = burst_turns.measure_bursts(setup, workers, alerts=100, turns=3)
    assert found == pytest.approx({"50": 3.0, "256": 2.0})
    assert produced == ["50", "256"] * 4

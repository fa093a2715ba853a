"""Measure the resources of a worker every few seconds."""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.system.faults.resource_growth import Measurement
from tests.system.faults.supervisor import Note, WorkerSlot

INTERVAL = 5.0
ANSWER_WITHIN = 10.0


class ResourceMeter:
    """`problem` is why the run must end: the worker has ended, or uses more than `limit` MiB."""

    def __init__(
        self, slot: WorkerSlot, limit: float, report: Callable[[Measurement], None], note: Note
    ) -> None:
        self.measurements: list[Measurement] = []
        self.problem = ""
        self._slot, self._limit, self._report, self._note = slot, limit, report, note
        self._pid = slot.worker.process.pid
        self._port = port(slot.worker.text())
        self._start = time.monotonic()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(INTERVAL) and not self.problem:
            if self._slot.exit_codes or self._slot.worker.process.poll() is not None:
                self.problem = f"the worker has ended: {self._slot.worker.text()[-2000:]}"
                return
            try:
                found = self._measured()
            except OSError as error:
                # The worker has ended, which the next check notices, or is too busy to answer.
                self._note(f"not measured: {error}")
                continue
            self.measurements.append(found)
            self._report(found)
            if found.peak > self._limit:
                self.problem = f"{found.peak:.0f} MiB are more than {self._limit:.0f}"

    def _measured(self) -> Measurement:
        process = Path("/proc", str(self._pid))
        status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        return Measurement(
            at=time.monotonic() - self._start,
            rss=_mib(status["VmRSS"]),
            peak=_mib(status["VmHWM"]),
            threads=int(status["Threads"]),
            files=sum(1 for _ in (process / "fd").iterdir()),
            tasks=tasks(self._port),
        )


def _mib(text: str) -> float:
    return int(text.split(maxsplit=1)[0]) / 1024.0


def port(log: str) -> int:
    found = re.search(r"http://127\.0\.0\.1:(\d+)", log)
    assert found, log
    return int(found[1])


def tasks(number: int) -> int:
    """Return the number of asyncio tasks that the worker reports, ready or not."""
    address = f"http://127.0.0.1:{number}/readyz"
    try:
        with urllib.request.urlopen(address, timeout=ANSWER_WITHIN) as answer:
            return int(json.load(answer)["tasks"])
    except urllib.error.HTTPError as unready:
        with unready:
            return int(json.load(unready)["tasks"])


@contextmanager
def measure(
    slot: WorkerSlot, limit: float, report: Callable[[Measurement], None], note: Note
) -> Iterator[ResourceMeter]:
    running = ResourceMeter(slot, limit, report, note)
    try:
        yield running
    finally:
        running.close()

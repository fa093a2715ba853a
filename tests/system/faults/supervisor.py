"""Run workers, and restart each one that ends."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.support.waiting import until
from tests.support.web import PORT, get
from tests.support.worker import Worker

PAUSE = 1.0
READY_WITHIN = 300.0
# A worker ends within 9 s by its own limit; the rest is for a busy machine.
ENDED_WITHIN = 20.0
READY = "Worker ready"

Note = Callable[[str], None]


@dataclass(eq=False)
class WorkerSlot:
    """A worker that is restarted as long as it is `wanted`."""

    name: str
    folder: Path
    worker: Worker
    wanted: bool = True
    exit_codes: list[int] = field(default_factory=list)

    @property
    def ready(self) -> bool:
        return self.worker.process.poll() is None and READY in self.worker.text()


class Supervisor:
    def __init__(self, environment: Mapping[str, str], folder: Path, note: Note) -> None:
        self._environment, self._folder, self._note = environment, folder, note
        self.slots: list[WorkerSlot] = []
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._thread.start()

    def add_worker(self) -> WorkerSlot:
        """Start another worker, without waiting until it is ready."""
        name = f"worker {len(self.slots) + 1}"
        folder = self._folder / name.replace(" ", "-")
        folder.mkdir()
        slot = WorkerSlot(name=name, folder=folder, worker=self._worker(folder))
        self.slots.append(slot)
        self._note(f"{name} starts")
        return slot

    def wait_until_ready(self, slot: WorkerSlot) -> None:
        until(lambda: slot.ready, READY_WITHIN, lambda: f"{slot.name} is not ready:\n{tail(slot)}")
        self._note(f"{slot.name} is ready")

    def wait_until_one_awaits_a_schema(self) -> WorkerSlot:
        """Wait until a worker reports that it waits for its registry, and return it."""
        found: list[WorkerSlot] = []

        def seen() -> bool:
            found.extend(slot for slot in list(self.slots) if awaits_schema(slot))
            return bool(found)

        until(seen, READY_WITHIN, lambda: f"no worker waits for its registry:\n{self._tails()}")
        return found[0]

    def pick(self, rng: Random) -> WorkerSlot:
        return rng.choice([slot for slot in self.slots if slot.wanted])

    def kill(self, slot: WorkerSlot) -> None:
        slot.worker.process.kill()

    def terminate(self, slot: WorkerSlot) -> None:
        """Send SIGTERM, and fail if the worker does not end in time."""
        process = slot.worker.process
        process.send_signal(signal.SIGTERM)
        took = until(
            lambda: process.poll() is not None,
            ENDED_WITHIN,
            lambda: f"SIGTERM has not ended it:\n{tail(slot)}",
        )
        self._note(f"{slot.name} ended {took:.1f} s after SIGTERM with {process.returncode}")

    def freeze(self, slot: WorkerSlot, seconds: float) -> None:
        process = slot.worker.process
        process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        process.send_signal(signal.SIGCONT)

    def remove_worker(self, slot: WorkerSlot, *, killed: bool) -> None:
        """End a worker without restarting it."""
        slot.wanted = False
        if killed:
            self.kill(slot)
        else:
            self.terminate(slot)

    def close(self) -> None:
        self._closing.set()
        self._thread.join()
        for slot in self.slots:
            slot.worker.close()

    def exit_codes(self) -> list[int]:
        """The exit codes of all workers that ended before the supervisor."""
        return [code for slot in self.slots for code in slot.exit_codes]

    def _worker(self, folder: Path) -> Worker:
        return Worker(self._environment, folder / "worker.log", folder)

    def _tails(self) -> str:
        return "\n".join(f"{slot.name}:\n{tail(slot)}" for slot in self.slots)

    def _supervise(self) -> None:
        while not self._closing.wait(0.1):
            for slot in list(self.slots):
                code = slot.worker.process.poll()
                if slot.wanted and code is not None and not self._closing.wait(PAUSE):
                    slot.exit_codes.append(code)
                    self._note(f"{slot.name} had ended with {code} and is started again")
                    slot.worker.close()
                    slot.worker = self._worker(slot.folder)


def awaits_schema(slot: WorkerSlot) -> bool:
    """Return whether a worker is not ready because its registry does not give a schema."""
    found = PORT.search(slot.worker.text())
    if not slot.ready or not found:
        return False
    try:
        status, _, body = get(f"http://127.0.0.1:{found[1]}/readyz")
    except OSError:
        # It has just ended.
        return False
    return status == 503 and not json.loads(body)["schemas_known"]


def tail(slot: WorkerSlot, lines: int = 30) -> str:
    return "\n".join(slot.worker.text().splitlines()[-lines:])


@contextmanager
def supervised_workers(
    environment: Mapping[str, str], folder: Path, note: Note
) -> Iterator[Supervisor]:
    """Run workers until the end of the block."""
    running = Supervisor(environment, folder, note)
    try:
        yield running
    finally:
        running.close()

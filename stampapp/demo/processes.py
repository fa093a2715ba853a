"""Start the worker processes of the demo, and import its model."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from stampapp.demo.embedded_broker import LOOPBACK, tied_to_parent, usable_port
from stampapp.errors import ConfigError, StampError

Settings = Mapping[str, str]
STOP_TIMEOUT = 15.0
POLL_INTERVAL = 0.25
LAST_LINES = 15
# The worker inherits no other variables: those for real clusters must not make the demo publish
# there.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH")


def model_folder(path: Path, scratch: Path) -> Path:
    """Return a model folder: `path` itself, or the model imported from it."""
    if (path / "model.json").is_file():
        return path.resolve()
    into = scratch / "model"
    command = [sys.executable, "-m", "stampapp", "import-model", str(path), "--into", str(into)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ConfigError(_without_prefix(done.stderr.strip().splitlines()))
    return into


def _without_prefix(lines: list[str]) -> str:
    errors = [line for line in lines if line.startswith("error: ")] or lines[-LAST_LINES:]
    return "\n".join(errors).removeprefix("error: ") or "the model could not be imported"


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    """A running worker, its log, and the port of its web server."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    port: int

    @property
    def page(self) -> str:
        """The URL of its dashboard."""
        return f"http://{LOOPBACK}:{self.port}/"

    def check(self) -> None:
        """Raise StampError with the last lines of the log if the worker has ended."""
        code = self.process.poll()
        if code is not None:
            raise StampError(
                f"the {self.name} worker has ended with exit code {code}; the end of {self.log}:\n"
                + "\n".join(self.log.read_text(errors="replace").splitlines()[-LAST_LINES:])
            )

    def ready(self) -> bool:
        """Return whether it consumes."""
        # Not urllib, which would use a proxy.
        connection = HTTPConnection(LOOPBACK, self.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def wait(self) -> None:
        """Wait for its end, and kill it if that takes too long."""
        try:
            self.process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def running_workers(settings: Iterable[Settings], scratch: Path) -> Iterator[tuple[Worker, ...]]:
    """Run a worker for each of these environments during the block."""
    workers: list[Worker] = []
    try:
        for one in settings:
            # One by one: if a start fails, the others must be stopped.
            workers.append(_start(one, scratch))
        yield tuple(workers)
    finally:
        for worker in workers:
            # SIGTERM, as a supervisor sends it.
            worker.process.terminate()
        for worker in workers:
            worker.wait()


def wait_until_ready(workers: Sequence[Worker]) -> None:
    """Wait until all consume. Raises StampError if one has ended."""
    while not all(worker.ready() for worker in workers):
        for worker in workers:
            worker.check()
        time.sleep(POLL_INTERVAL)


def _start(settings: Settings, scratch: Path) -> Worker:
    """Start `faust -A stampapp worker` in a folder without a `.env`."""
    name = settings["CLASSIFIER_STRATEGY"]
    home, log = scratch / name.lower(), scratch / f"{name.lower()}.log"
    home.mkdir(parents=True, exist_ok=True)
    port = usable_port(LOOPBACK, 0)
    surroundings = {key: os.environ[key] for key in _INHERITED if key in os.environ}
    with log.open("wb") as file:
        process = subprocess.Popen(
            tied_to_parent([sys.executable, "-m", "stampapp", "worker"]),
            env={**surroundings, **settings, "WEB_PORT": str(port)},
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            process_group=0,  # a Ctrl-C reaches it through us, once
        )
    return Worker(name=name, process=process, log=log, port=port)

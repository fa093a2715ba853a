"""Run workers and commands as processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from tests.support.stopwatch import AMPLE, seconds_without_waiting

FAUST = [sys.executable, "-m", "faust", "-A", "stampapp"]


class Worker:
    """A running `faust -A stampapp worker`, or whatever command starts one."""

    def __init__(
        self,
        environment: Mapping[str, str],
        log: Path,
        workdir: Path,
        argv: Sequence[str] = (*FAUST, "worker"),
    ) -> None:
        self.log = log
        self._file = log.open("a")
        self._seen = log.stat().st_size
        self.process = subprocess.Popen(
            argv,
            env=clean_environment() | dict(environment),
            cwd=workdir,
            stdout=self._file,
            stderr=subprocess.STDOUT,
        )

    def text(self) -> str:
        """What this process has logged, without earlier processes in the same file."""
        return self.log.read_bytes()[self._seen :].decode()

    def wait_for(self, words: str, timeout: float = AMPLE, *, times: int = 1) -> None:
        deadline = time.monotonic() + timeout
        while self.text().count(words) < times:
            assert self.process.poll() is None, f"the worker ended:\n{self.text()}"
            assert time.monotonic() < deadline, f"no {words!r} in the log:\n{self.text()}"
            time.sleep(0.05)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(AMPLE)

    def terminate(self) -> float:
        """Send SIGTERM; return the seconds that the process takes to end on a free machine."""
        self.process.send_signal(signal.SIGTERM)
        return seconds_without_waiting(self.process)

    def exit_code(self, timeout: float) -> int:
        """Wait for the process to end by itself."""
        return self.process.wait(timeout)

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()
        self._file.close()


@contextmanager
def worker(
    environment: Mapping[str, str], workdir: Path, argv: Sequence[str] = (*FAUST, "worker")
) -> Iterator[Worker]:
    """Run a worker until the end of the block; its log is `workdir`/worker.log."""
    running = Worker(environment, workdir / "worker.log", workdir, argv)
    try:
        yield running
    finally:
        running.close()


def command(
    *arguments: str, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `faust -A stampapp …` to its end."""
    return subprocess.run(
        [*FAUST, *arguments],
        env=clean_environment() | environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=AMPLE,
        check=False,
    )


def timed(
    *arguments: str, cwd: Path, **environment: str
) -> tuple[subprocess.CompletedProcess[str], float]:
    """Run `faust -A stampapp …` to its end; with the seconds that it takes on a free machine."""
    with TemporaryFile("w+") as output, TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [*FAUST, *arguments],
            env=clean_environment() | environment,
            cwd=cwd,
            stdout=output,
            stderr=errors,
        )
        seconds = seconds_without_waiting(process)
        output.seek(0)
        errors.seek(0)
        done = subprocess.CompletedProcess(
            process.args, process.returncode, output.read(), errors.read()
        )
    return done, seconds


def clean_environment() -> dict[str, str]:
    """Return the environment of this process without any setting of stampapp."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "JAVA_HOME")
    return {name: os.environ[name] for name in kept if name in os.environ}

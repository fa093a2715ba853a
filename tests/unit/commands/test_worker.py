from __future__ import annotations

import socket

import pytest

from stampapp.commands.worker import free_port
from stampapp.errors import ConfigError
from tests.support.ports import free_ports

LOOPBACK = "127.0.0.1"


def test_a_free_port_is_taken_as_it_is() -> None:
    (port,) = free_ports(1)
    assert free_port(LOOPBACK, port) == port


def test_the_next_free_port_where_another_worker_listens() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = int(taken.getsockname()[1])
        found = free_port(LOOPBACK, port)
    assert port < found < port + 100


def test_no_free_port_within_the_tries_names_the_key() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = int(taken.getsockname()[1])
        with pytest.raises(ConfigError, match=f"WEB_PORT: no port from {port} on is free"):
            free_port(LOOPBACK, port, tries=1)


def test_there_is_no_port_beyond_the_last() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 65535))
        taken.listen()
        with pytest.raises(ConfigError, match="no port from 65535 on is free"):
            free_port(LOOPBACK, 65535)

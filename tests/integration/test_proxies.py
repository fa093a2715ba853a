"""The test proxy forwards everything until it cuts a connection inside a message."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from random import Random

import pytest

from tests.support.proxies import MOST_TO, Proxy
from tests.support.waiting import until

MESSAGE = bytes(range(256)) * 40


class Echo:
    """Sends back what it receives, and records it."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.got = bytearray()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(
                    target=self._answer, args=(self.listener.accept()[0],), daemon=True
                ).start()

    def _answer(self, link: socket.socket) -> None:
        with link, suppress(OSError):
            while data := link.recv(2**16):
                self.got += data
                link.sendall(data)


@pytest.fixture
def echo() -> Iterator[Echo]:
    found = Echo()
    with closing(found.listener):
        yield found


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    with closing(Proxy()) as found:
        found.lead_to(echo.port)
        yield found


def exchange(link: socket.socket) -> bytes:
    """Send a message; return the part that comes back before the connection ends."""
    got = b""
    with suppress(OSError):
        link.sendall(MESSAGE)
        while len(got) < len(MESSAGE) and (data := link.recv(2**16)):
            got += data
    return got


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=10)


def test_proxy_forwards_both_directions(proxy: Proxy, echo: Echo) -> None:
    with connect(proxy) as link:
        assert [exchange(link) for _ in range(5)] == [MESSAGE] * 5
    assert bytes(echo.got) == MESSAGE * 5
    assert proxy.cuts == 0


def test_proxy_cuts_old_and_new_connections_inside_a_message(proxy: Proxy, echo: Echo) -> None:
    with connect(proxy) as old:
        assert exchange(old) == MESSAGE
        with proxy.cutting(Random(1)):
            for link in (old, connect(proxy)):
                with link:
                    echo.got.clear()
                    while exchange(link) == MESSAGE:
                        assert len(echo.got) <= MOST_TO + len(MESSAGE)
                    until(lambda: len(echo.got) % len(MESSAGE), 5.0, "cut between two messages")
            until(lambda: proxy.cuts == 2, 5.0)
    with connect(proxy) as link:
        assert [exchange(link) for _ in range(5)] == [MESSAGE] * 5


def test_proxy_closes_the_connection_without_a_server(proxy: Proxy, echo: Echo) -> None:
    echo.listener.close()
    other = Proxy()
    with closing(other), socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        other.lead_to(int(unused.getsockname()[1]))
        with connect(other) as link:
            assert exchange(link) == b""

"""A proxy between clients and a broker that can cut connections within a message."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import Random

from stampapp.demo.embedded_broker import LOOPBACK, address

CHUNK = 2**16
# A connection is cut after so many bytes at most, on their way to the broker and back.
MOST_TO, MOST_BACK = 20_000, 1_000_000
# Close by a reset, as when a machine on the way has forgotten the connection.
ABRUPTLY = struct.pack("ii", 1, 0)


@dataclass(eq=False)
class _Link:
    """One connection: the two sockets, and how many bytes each may still send before the cut."""

    client: socket.socket
    broker: socket.socket
    left: dict[socket.socket, int] = field(default_factory=dict)
    cut: bool = False

    def arm(self, chance: Random) -> None:
        self.left[self.client] = chance.randint(1, MOST_TO)
        self.left[self.broker] = chance.randint(1, MOST_BACK)

    def pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                part = data[: self._allowed(source, len(data))]
                target.sendall(part)
                if len(part) < len(data):
                    self.cut = True
                    break
        self.close()

    def _allowed(self, source: socket.socket, size: int) -> int:
        """Return how much may pass: less than `size`, but never nothing, where the cut falls."""
        left = self.left.get(source)
        if left is None:
            return size
        if left < size > 1:
            return max(1, left)
        self.left[source] = max(0, left - size)
        return size

    def close(self) -> None:
        for one in (self.client, self.broker):
            with suppress(OSError):
                if self.cut:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABRUPTLY)
                # Wakes the thread that reads from it, which closing alone would not.
                one.shutdown(socket.SHUT_RDWR)
            one.close()


class Proxy:
    """Listens on `port` from the start; `lead_to` sets the broker later."""

    def __init__(self) -> None:
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port = int(self._listener.getsockname()[1])
        self._target = 0
        self._links: set[_Link] = set()
        self._cuts = 0
        self._chance: Random | None = None
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        return address(LOOPBACK, self.port)

    @property
    def cuts(self) -> int:
        """How many connections were cut."""
        with self._lock:
            return self._cuts

    def lead_to(self, port: int) -> None:
        self._target = port
        threading.Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def cutting(self, chance: Random) -> Iterator[None]:
        """Cut every connection, those that are made meanwhile too, each after some bytes."""
        with self._lock:
            self._chance = chance
            for link in self._links:
                link.arm(chance)
        try:
            yield
        finally:
            with self._lock:
                self._chance = None
                for link in self._links:
                    link.left.clear()

    def close(self) -> None:
        self._listener.close()
        with self._lock:
            links = list(self._links)
        for link in links:
            link.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                broker = socket.create_connection((LOOPBACK, self._target))
            except OSError:
                client.close()
            else:
                self._serve(_Link(client, broker))

    def _serve(self, link: _Link) -> None:
        with self._lock:
            self._links.add(link)
            if self._chance:
                link.arm(self._chance)
        for ends in ((link.client, link.broker), (link.broker, link.client)):
            threading.Thread(target=self._carry, args=(link, *ends), daemon=True).start()

    def _carry(self, link: _Link, source: socket.socket, target: socket.socket) -> None:
        link.pump(source, target)
        with self._lock:
            if link in self._links:
                self._links.remove(link)
                self._cuts += link.cut

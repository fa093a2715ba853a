"""Free ports of the loopback interface, outside the ephemeral range."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack

from stampapp.demo.embedded_broker import LOOPBACK

# Below the ephemeral ports. A client that retries a stopped broker may get the broker's own port as
# its ephemeral port, and connect to itself.
PORTS = range(20_000, 32_768)


def free_ports(count: int) -> list[int]:
    """Return different free ports: each is held until all are found."""
    with ExitStack() as held:
        candidates = _shuffled()
        trials = [held.enter_context(socket.socket()) for _ in range(count)]
        return [_bound(trial, candidates) for trial in trials]


def _shuffled() -> Iterator[int]:
    """Yield ports in random order: other processes look for ports too."""
    return iter(random.SystemRandom().sample(PORTS, len(PORTS)))


def _bound(trial: socket.socket, candidates: Iterator[int]) -> int:
    for port in candidates:
        try:
            trial.bind((LOOPBACK, port))
        except OSError:
            continue
        return port
    raise RuntimeError(f"no port from {PORTS.start} to {PORTS.stop - 1} is free on {LOOPBACK}")

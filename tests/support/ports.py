"""Free ports of the loopback interface."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from stampapp.broker import LOOPBACK


def free_ports(count: int) -> list[int]:
    """Different ones: each is held until all are found."""
    with ExitStack() as held:
        found = [held.enter_context(socket.socket()) for _ in range(count)]
        for trial in found:
            trial.bind((LOOPBACK, 0))
        return [int(trial.getsockname()[1]) for trial in found]

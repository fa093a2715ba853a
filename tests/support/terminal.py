"""Run a command on a terminal of a certain width."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from contextlib import suppress
from termios import tcsetwinsize

from tests.support.worker import FAUST, clean_environment

CONTROL_SEQUENCES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def on_terminal(columns: int, *arguments: str) -> list[str]:
    """Return the lines that `faust -A stampapp` writes to a terminal, without colours."""
    ours, terminal = pty.openpty()
    tcsetwinsize(terminal, (24, columns))
    process = subprocess.Popen(
        [*FAUST, *arguments],
        env=clean_environment() | {"TERM": "xterm"},
        stdin=terminal,
        stdout=terminal,
        stderr=subprocess.DEVNULL,
    )
    os.close(terminal)
    written = bytearray()
    # Linux reports the end of a terminal as an error.
    with suppress(OSError):
        while part := os.read(ours, 2**16):
            written += part
    os.close(ours)
    process.wait(60)
    return CONTROL_SEQUENCES.sub("", written.decode()).splitlines()

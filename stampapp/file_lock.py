"""Keep two processes from writing one file at the same time."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import BinaryIO

from stampapp.errors import ConfigError


def lock_while_writing(draft: BinaryIO, path: Path) -> None:
    """Lock the open draft of `path` until it is closed.

    Raises ConfigError if another process holds the lock, or if the file system has no locks.
    """
    try:
        fcntl.flock(draft, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ConfigError(
            f"another process is writing {path}: wait for it, or name another file"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be locked ({error.strerror}): name a file on another file system"
        ) from error

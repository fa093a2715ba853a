"""What the processes of a test run share: the first one makes it, the others wait and use it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def made_once(
    name: str, tmp_path_factory: pytest.TempPathFactory, make: Callable[[Path], object]
) -> Path:
    """Return the path that `make` fills, once in a test run; no test may change what is there."""
    base = tmp_path_factory.getbasetemp()
    # With pytest-xdist, each process has a folder of its own in the folder of the run.
    run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = run / "shared" / name
    with alone_in(folder):
        made, draft = folder / "made", folder / "draft"
        if not made.exists():
            make(draft)
            draft.rename(made)
    return made


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Let other processes wait that want to enter the same folder."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

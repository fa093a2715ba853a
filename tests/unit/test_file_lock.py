from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from stampapp.errors import ConfigError
from stampapp.file_lock import lock_while_writing


def test_a_file_is_locked_until_its_draft_is_closed(tmp_path: Path) -> None:
    path, draft = tmp_path / "a.fits", tmp_path / ".a.draft"
    with draft.open("ab") as second:
        with draft.open("ab") as first:
            lock_while_writing(first, path)
            with pytest.raises(ConfigError, match=r"another process is writing .*a\.fits: wait"):
                lock_while_writing(second, path)
        lock_while_writing(second, path)


def test_a_file_system_without_locks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    path = tmp_path / "a.fits"
    with (
        path.open("ab") as file,
        pytest.raises(ConfigError, match=r"a\.fits cannot be locked \(No locks available\)"),
    ):
        lock_while_writing(file, path)

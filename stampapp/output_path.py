"""Check where a command is to write, before it begins its work."""

from __future__ import annotations

import tempfile
from pathlib import Path

from stampapp.errors import ConfigError


def check_file(path: Path) -> None:
    """Raise ConfigError unless a file can be written beside others in its folder."""
    if path.is_dir():
        raise ConfigError(f"{path} is a folder: name a file")
    if not path.parent.is_dir():
        raise ConfigError(f"{path} cannot be written: {path.parent} is no folder")
    try:
        _write_into(path.parent)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error


def make_folder(path: Path) -> None:
    """Make a folder, unless it exists. Raises ConfigError if files cannot be written into it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        _write_into(path)
    except FileExistsError:
        raise ConfigError(f"{path} is a file: name a folder") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error


def _write_into(folder: Path) -> None:
    # Permissions do not tell: nobody writes to a read-only file system, not even root.
    with tempfile.TemporaryFile(dir=folder):
        pass

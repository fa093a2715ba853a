"""Read alerts out of Avro files and folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from stampapp.alerts import packets
from stampapp.alerts.packets import Decoded
from stampapp.errors import BadAlert, ConfigError


def find(paths: Sequence[Path]) -> list[Path]:
    """Return the files, and the `*.avro` files below the folders, in a stable order."""
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise ConfigError(f"there is no {path}")
        found = sorted(path.rglob("*.avro")) if path.is_dir() else [path]
        if not found:
            raise ConfigError(f"the folder {path} holds no .avro file")
        files += found
    return files


def alerts(files: Iterable[Path]) -> Iterator[Decoded]:
    """Yield every alert of the files, or an error that names its file."""
    for path in files:
        try:
            with path.open("rb") as source:
                for one in packets.read(source):
                    yield _located(one, path) if isinstance(one, BadAlert) else one
        except OSError as error:
            yield BadAlert("unreadable", f"{path}: {error.strerror}")


def _located(error: BadAlert, path: Path) -> BadAlert:
    return BadAlert(error.cause, f"{path}: {error}")

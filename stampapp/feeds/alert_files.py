"""Find, unpack and read alert files: Avro files, archives of them, and folders."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TypeVar

from stampapp.alerts import packets
from stampapp.alerts.packets import Decoded
from stampapp.errors import BadAlert, ConfigError
from stampapp.feeds.archives import TAR_SUFFIXES, unpack

T = TypeVar("T")
SUFFIXES = (".avro", ".avro.gz", *TAR_SUFFIXES)


def find_alert_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files, and the Avro files and archives in the folders.

    The order is stable. Raises ConfigError if a path does not exist or a folder has no such file.
    """
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise ConfigError(f"there is no {path}")
        found = _in_folder(path) if path.is_dir() else [path]
        if not found:
            raise ConfigError(f"the folder {path} holds no file *{', *'.join(SUFFIXES)}")
        files += found
    return files


def total_size(files: Sequence[Path]) -> int:
    """Return the size of these files in bytes: what `on_bytes` counts up to."""
    return sum(path.stat().st_size for path in files if path.exists())


def read_alerts(
    files: Sequence[Path], on_bytes: Callable[[int], object] | None = None
) -> Iterator[Decoded]:
    """Yield every alert of the files, or an error that names its file and member."""
    for name, found in parse_files(files, packets.decode_records, on_bytes):
        yield BadAlert(found.cause, f"{name}: {found}") if isinstance(found, BadAlert) else found


def parse_files(
    files: Sequence[Path],
    parse: Callable[[BinaryIO], Iterator[T]],
    on_bytes: Callable[[int], object] | None = None,
) -> Iterator[tuple[str, T | BadAlert]]:
    """Yield what `parse` yields for each Avro container, or an error, each with its name.

    Reading is streamed. Damage ends only the container or archive that has it. `on_bytes` is
    called with the number of bytes read so far, over all files.
    """
    before = 0
    for path in files:
        try:
            with path.open("rb") as file:
                for named in _parse_file(str(path), file, parse):
                    yield named
                    if on_bytes:
                        on_bytes(before + file.tell())
                before += file.tell()
        except OSError as error:
            yield str(path), BadAlert("unreadable", error.strerror or str(error))


def _in_folder(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.rglob("*") if path.name.endswith(SUFFIXES) and path.is_file()
    )


def _parse_file(
    name: str, file: BinaryIO, parse: Callable[[BinaryIO], Iterator[T]]
) -> Iterator[tuple[str, T | BadAlert]]:
    for member, source in unpack(name, file):
        if isinstance(source, BadAlert):
            yield member, source
            continue
        try:
            for found in parse(source):
                yield member, found
        except BadAlert as error:
            yield member, error.without_traceback()
        except (EOFError, zlib.error, OSError) as error:
            # A gzip stream shows its damage only while it is read.
            yield member, BadAlert("unreadable", str(error))

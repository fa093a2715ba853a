"""Read the files of a published model, a zip or an unpacked folder."""

from __future__ import annotations

import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from stampapp.errors import ConfigError

LARGEST_EXTRACT = 256 << 20
MOST_FILES = 10_000
_BLOCK = 1 << 20
# What zipfile raises for files that are damaged, encrypted or packed in an unknown way.
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, RuntimeError, ValueError, EOFError, OSError)
# Other methods need as much memory as the archive asks for.
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Archive(ABC):
    """Files by their names, which are relative and have forward slashes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._left = LARGEST_EXTRACT

    @abstractmethod
    def names(self) -> list[str]:
        """Return the names of all files, sorted."""

    @abstractmethod
    def _open(self, name: str) -> IO[bytes]: ...

    def copy(self, name: str, target: Path) -> None:
        """Copy one file to `target`.

        Raises ConfigError as soon as all copies together exceed LARGEST_EXTRACT bytes, whatever
        sizes the archive declares, or where the file is damaged.
        """
        try:
            with self._open(name) as source, target.open("xb") as copy:
                while block := source.read(_BLOCK):
                    self._left -= len(block)
                    if self._left < 0:
                        raise ConfigError(
                            f"{self.path} unpacks to more than {LARGEST_EXTRACT >> 20} MiB: "
                            "no such model was ever published"
                        )
                    copy.write(block)
        except _ZIP_ERRORS as error:
            raise ConfigError(f"{name} in {self.path} cannot be read: {error}") from error


class _Zip(Archive):
    def __init__(self, path: Path, file: zipfile.ZipFile) -> None:
        super().__init__(path)
        self._file = file

    def names(self) -> list[str]:
        return sorted(info.filename for info in self._file.infolist() if not info.is_dir())

    def _open(self, name: str) -> IO[bytes]:
        if self._file.getinfo(name).compress_type not in _PACKINGS:
            raise ValueError("it is packed in a way that no published model is")
        return self._file.open(name)


class _Folder(Archive):
    def names(self) -> list[str]:
        found = (path for path in self.path.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.path).as_posix() for path in found)

    def _open(self, name: str) -> IO[bytes]:
        return (self.path / name).open("rb")


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a zip or a folder. Raises ConfigError where `path` is neither, or has too many files."""
    if path.is_dir():
        yield _limited(_Folder(path))
        return
    if not path.exists():
        raise ConfigError(f"there is no {path}: give the published model.zip or its folder")
    try:
        file = zipfile.ZipFile(path)
    except _ZIP_ERRORS as error:
        raise ConfigError(f"{path} is neither a folder nor a readable zip: {error}") from error
    with file:
        yield _limited(_Zip(path, file))


def _limited(archive: Archive) -> Archive:
    if (count := len(archive.names())) > MOST_FILES:
        raise ConfigError(f"{archive.path} has {count} files: give the model's own folder or zip")
    return archive

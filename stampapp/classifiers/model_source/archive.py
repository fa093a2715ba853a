"""Read the files of a model that travels: a zip, or an unpacked folder."""

from __future__ import annotations

import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import FileIO
from pathlib import Path
from typing import IO

from stampapp.errors import ConfigError

LARGEST_EXTRACT = 256 << 20
MOST_FILES = 10_000
_LARGEST_DIRECTORY = 4 << 20
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

        Raises ConfigError as soon as all that was read exceeds LARGEST_EXTRACT bytes, whatever
        sizes the archive declares, or where the file is damaged.
        """
        try:
            with target.open("xb") as copy:
                for block in self._blocks(name):
                    copy.write(block)
        except OSError as error:
            raise ConfigError(f"{target} cannot be written: {error.strerror}") from error

    def equals(self, name: str, path: Path) -> bool:
        """Return whether one file has the content of `path`. Raises as `copy` does."""
        with path.open("rb") as other:
            same = all(other.read(len(block)) == block for block in self._blocks(name))
            return same and not other.read(1)

    def _blocks(self, name: str) -> Iterator[bytes]:
        try:
            with self._open(name) as source:
                while block := source.read(_BLOCK):
                    self._left -= len(block)
                    if self._left < 0:
                        raise ConfigError(
                            f"{self.path} unpacks to more than {LARGEST_EXTRACT >> 20} MiB:"
                            " no model is so large"
                        )
                    yield block
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


class _BoundedReads(FileIO):
    """A file of which a limited part is read at a time.

    zipfile reads the list of members as a whole, whatever size the archive declares for it.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = _LARGEST_DIRECTORY + 1
        found = super().read(min(size, _LARGEST_DIRECTORY + 1)) or b""
        if len(found) > _LARGEST_DIRECTORY:
            raise ValueError("its list of files is too long")
        return found


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a zip or a folder. Raises ConfigError where `path` is neither, or has too many files."""
    if path.is_dir():
        yield _limited(_Folder(path))
        return
    if not path.exists():
        raise ConfigError(f"there is no {path}: give the published model.zip or its folder")
    with ExitStack() as opened:
        try:
            source = opened.enter_context(_BoundedReads(path))
            file = opened.enter_context(zipfile.ZipFile(source))
        except _ZIP_ERRORS as error:
            raise ConfigError(f"{path} is neither a folder nor a readable zip: {error}") from error
        yield _limited(_Zip(path, file))


def _limited(archive: Archive) -> Archive:
    if (count := len(archive.names())) > MOST_FILES:
        raise ConfigError(f"{archive.path} has {count} files: give the model's own folder or zip")
    return archive

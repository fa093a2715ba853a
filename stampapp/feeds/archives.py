"""Unpack a file into its Avro containers: itself or the members of a tar archive, gzipped or not.

Nothing that an archive declares is trusted: members have a largest size, the position only
advances, and an archive without its end is reported as damaged.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from stampapp.avro.reader import MAGIC
from stampapp.errors import BadAlert

TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz")
# Bytes. An alert has some 60 kB; a night's file of many alerts is not kept in a tar archive.
MAX_MEMBER = 2**26
_GZIP = b"\x1f\x8b"
_BLOCK = 512
_END = bytes(_BLOCK)
_DAMAGE = (tarfile.TarError, OSError, EOFError, zlib.error, ArithmeticError, ValueError)

Container = tuple[str, BinaryIO | BadAlert]


def unpack(name: str, source: BinaryIO) -> Iterator[Container]:
    """Yield each Avro container of a file with its name, or what is wrong with it.

    The containers themselves are not checked.
    """
    try:
        source, start = _gunzip(source)
    except _DAMAGE as error:
        yield name, _damaged("it cannot be unpacked", error)
        return
    # One that is named like an archive and holds neither is damaged.
    if _is_tar(start) or (is_named(name, TAR_SUFFIXES) and not start.startswith(MAGIC)):
        yield from _members(name, source)
    else:
        yield name, source


def read_start(path: Path) -> bytes:
    """Return the first bytes of a file, or of what is gzipped in it; none if that is impossible."""
    try:
        with path.open("rb") as file:
            return _gunzip(file)[1]
    except _DAMAGE:
        return b""


def is_container(start: bytes) -> bool:
    """Return whether a file that begins in this way is an Avro container, or an archive."""
    return start.startswith(MAGIC) or _is_tar(start)


def is_named(name: str, suffixes: tuple[str, ...]) -> bool:
    """Return whether a name ends with one of these suffixes, in upper or lower case."""
    return name.lower().endswith(suffixes)


def _is_tar(start: bytes) -> bool:
    return start[257:262] == b"ustar"


def _gunzip(source: BinaryIO) -> tuple[BinaryIO, bytes]:
    """Return the file, unpacked if it is gzipped, and its first bytes."""
    start = _start(source)
    if start.startswith(_GZIP):
        source = cast(BinaryIO, gzip.GzipFile(fileobj=source))
        start = _start(source)
    return source, start


def _start(source: BinaryIO) -> bytes:
    start = source.read(_BLOCK)
    source.seek(0)
    return start


def _members(name: str, source: BinaryIO) -> Iterator[Container]:
    bounded = _Bounded(source)
    try:
        with tarfile.open(fileobj=cast(BinaryIO, bounded), mode="r:") as archive:
            for member in _walk(archive):
                yield f"{name}:{member.name}", _content(archive, member)
        if bounded.last != _END:
            raise tarfile.ReadError("it has no end: it was cut short, or is damaged further on")
    except RecursionError as error:
        yield name, _damaged("the archive is malformed and was refused", error)
    except _DAMAGE as error:
        yield name, _damaged("the archive is damaged", error)


def _walk(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    at = -1
    while (member := archive.next()) is not None:
        if archive.offset <= at or member.size < 0:
            raise tarfile.ReadError("the header of a member points backwards")
        at = archive.offset
        # tarfile keeps every member, and a night has hundreds of thousands.
        archive.members.clear()  # type: ignore[attr-defined]  # the stub has only getmembers
        if member.isfile():
            yield member


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> BinaryIO | BadAlert:
    if member.size > MAX_MEMBER:
        return BadAlert("unreadable", f"it declares {member.size} B, over {MAX_MEMBER} B")
    file = archive.extractfile(member)
    try:
        return _gunzip(io.BytesIO(file.read() if file else b""))[0]
    except _DAMAGE as error:
        return _damaged("it cannot be unpacked", error)


def _damaged(what: str, error: Exception) -> BadAlert:
    return BadAlert("unreadable", f"{what} ({error or type(error).__name__})")


class _Bounded:
    """A file that reads at most MAX_MEMBER bytes at a time; `last` has the bytes that it read last.

    Headers of an archive may declare any length.
    """

    def __init__(self, source: BinaryIO) -> None:
        self.last = b""
        self._source = source

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes."""
        if not 0 <= size <= MAX_MEMBER:
            raise tarfile.ReadError(f"a header declares {size} B")
        self.last = self._source.read(size)
        return self.last

    def seek(self, place: int) -> int:
        """Set the position in the file."""
        return self._source.seek(place)

    def tell(self) -> int:
        """Return the position in the file."""
        return self._source.tell()

"""Find, unpack and read alert files: Avro files, archives of them, and folders."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from stampapp.alerts import packets
from stampapp.alerts.packets import Decoded
from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.display.lines import escape_bytes
from stampapp.errors import BadAlert, ConfigError
from stampapp.feeds import archives
from stampapp.feeds.archives import TAR_SUFFIXES, unpack

T = TypeVar("T")
SUFFIXES = (".avro", ".avro.gz", ".msg", ".msg.gz", *TAR_SUFFIXES)
EXPECTED = (
    "give an Avro file, a Kafka message (.msg), a tar archive of them, either gzipped or not, or a"
    " folder with any of them"
)
_OTHER_KINDS = {
    b"PK\x03\x04": "a zip archive, which must be unpacked first",
    b"SIMPLE  =": "a FITS image",
    b"{": "JSON",
    b"[": "JSON",
}


def find_alert_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files, and the Avro files and archives in the folders, whatever their names.

    The order is stable. Raises ConfigError if a path does not exist, or if there is no such file in
    a folder or among the files.
    """
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise ConfigError(f"there is no {path}")
        files += _in_folder(path) if path.is_dir() else [path]
    if not any(map(_is_alert_file, files)):
        raise ConfigError(f"{files[0]} is {_kind(files[0])}: {EXPECTED}")
    return files


def total_size(files: Sequence[Path]) -> int:
    """Return the size of these files in bytes: what `on_bytes` counts up to."""
    return sum(path.stat().st_size for path in files if path.exists())


def read_alerts(
    files: Sequence[Path],
    on_bytes: Callable[[int], object] | None = None,
    schemas: MessageSchemas = NO_SCHEMAS,
) -> Iterator[Decoded]:
    """Yield every alert of the files, or an error that names its file and member."""
    return _named(parse_files(files, _parser(schemas), on_bytes))


def read_bytes(content: bytes, schemas: MessageSchemas = NO_SCHEMAS) -> Iterator[Decoded]:
    """Yield every alert of a file's content or of a message, or an error as `read_alerts` does."""
    return _named(_parse_file("bytes", io.BytesIO(content), _parser(schemas)))


def _parser(schemas: MessageSchemas) -> Callable[[BinaryIO], Iterator[Decoded]]:
    return partial(packets.decode_records, schemas=schemas)


def _named(found: Iterable[tuple[str, Decoded]]) -> Iterator[Decoded]:
    for name, one in found:
        if isinstance(one, BadAlert):
            yield BadAlert(one.cause, f"{escape_bytes(name)}: {one}")
        else:
            yield one


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
            if on_bytes:
                # An archive goes on after its last alert.
                on_bytes(before)
        except OSError as error:
            yield str(path), BadAlert("unreadable", error.strerror or str(error))


def _in_folder(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    # A hidden file may be one that is still being written.
    visible = [path for path in files if not path.name.startswith(".")]
    if found := [path for path in visible if _is_alert_file(path)]:
        return found
    others = f"; {visible[0]} is {_kind(visible[0])}" if visible else ""
    raise ConfigError(f"the folder {folder} holds no alerts{others}: {EXPECTED}")


def _is_alert_file(path: Path) -> bool:
    # One that is named like alerts and holds something else is damaged, and is to be reported.
    return archives.is_named(path.name, SUFFIXES) or archives.is_container(
        archives.read_start(path)
    )


def _kind(path: Path) -> str:
    start = archives.read_start(path)
    kinds = (kind for magic, kind in _OTHER_KINDS.items() if start.startswith(magic))
    return next(kinds, "no file of alerts")


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

"""Files of alerts → an endless stream of messages, each as a survey would publish it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import fastavro

from stampapp.containers import Writer
from stampapp.errors import ConfigError

LARGEST_DAMAGED = 2**20
_NAMES = ("aid", "objectId")


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """A message to publish: the object's name, and a container with one record."""

    key: bytes
    value: bytes


def replay(files: Sequence[Path]) -> Iterator[Replayed]:
    """Yield all alerts again and again, under new names of objects in each round.

    Raises ConfigError where the files hold nothing.
    """
    for turn in count():
        empty = True
        for path in files:
            for message in _messages(path, turn):
                empty = False
                yield message
        if empty:
            raise ConfigError(f"there is no alert in {', '.join(map(str, files))}")


def _messages(path: Path, turn: int) -> Iterator[Replayed]:
    yielded = False
    try:
        for record, writer in _records(path):
            yield _message(record, writer, turn)
            yielded = True
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except Exception:  # fastavro reports damage by whatever it stumbles over
        if not yielded:
            # Not an alert: the worker has to cope, and the table shows that it does.
            with path.open("rb") as file:
                yield Replayed(key=path.stem.encode(), value=file.read(LARGEST_DAMAGED))


def _records(path: Path) -> Iterator[tuple[dict[str, Any], Writer]]:
    with path.open("rb") as file:
        reader: Any = fastavro.reader(file)
        writer = Writer(reader.writer_schema)
        for record in reader:
            yield record, writer


def _message(record: dict[str, Any], writer: Writer, turn: int) -> Replayed:
    name = next((name for name in _NAMES if name in record), None)
    if name and turn:
        record = record | {name: f"{record[name]}-{turn}"}
    key = str(record[name]) if name else ""
    return Replayed(key=key.encode(), value=writer.write(record))

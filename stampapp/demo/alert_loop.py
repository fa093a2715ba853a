"""Files of alerts → an endless stream of messages, each as it would come from a survey."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import fastavro

from stampapp.alerts import packets
from stampapp.alerts.surveys import Survey
from stampapp.avro.writer import Writer
from stampapp.demo.demo_message import Cue
from stampapp.errors import BadAlert, ConfigError

LARGEST_DAMAGED = 2**20
_NAMES = ("aid", "objectId")


def replay(files: Sequence[Path], surveys: Sequence[Survey]) -> Iterator[Cue]:
    """Yield all alerts again and again, under new names of objects in each round.

    What is of none of these surveys goes to the first. Raises ConfigError where the files hold
    nothing.
    """
    for turn in count():
        empty = True
        for path in files:
            for key, value in _messages(path, turn):
                empty = False
                yield Cue(survey=_survey(value, surveys), key=key, value=value)
        if empty:
            raise ConfigError(f"there is no alert in {', '.join(map(str, files))}")


def _survey(value: bytes, surveys: Sequence[Survey]) -> Survey:
    try:
        found = packets.decode(value).survey
    except BadAlert:
        return surveys[0]
    return found if found in surveys else surveys[0]


def _messages(path: Path, turn: int) -> Iterator[tuple[bytes, bytes]]:
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
                yield path.stem.encode(), file.read(LARGEST_DAMAGED)


def _records(path: Path) -> Iterator[tuple[dict[str, Any], Writer]]:
    with path.open("rb") as file:
        reader: Any = fastavro.reader(file)
        writer = Writer(reader.writer_schema)
        for record in reader:
            yield record, writer


def _message(record: dict[str, Any], writer: Writer, turn: int) -> tuple[bytes, bytes]:
    name = next((name for name in _NAMES if name in record), None)
    if name and turn:
        record = record | {name: f"{record[name]}-{turn}"}
    key = str(record[name]) if name else ""
    return key.encode(), writer.write(record)

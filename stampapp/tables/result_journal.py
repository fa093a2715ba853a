"""The results of a classification that is not complete: a file to which each batch is appended.

Its first line says what is classified and by what; each later one has the results of a batch, and
the summary up to there. What a killed process has left of a line is cut off.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, fields
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import Any, BinaryIO

from stampapp import times
from stampapp.errors import ConfigError
from stampapp.file_lock import lock_while_writing
from stampapp.results.alert_result import AlertResult
from stampapp.results.outcome import OutcomeKind
from stampapp.results.summary import Summary

_FIELDS = tuple(field.name for field in fields(AlertResult))
# What cannot be read as a line of a journal raises one of these.
_DAMAGE = (ValueError, TypeError, KeyError, AttributeError)


class ResultJournal:
    """The journal of a table, `summary` of what is in it, and when it was `created` (UTC).

    `identity` names what must be the same for results to be added: the files, the model and so on.
    """

    def __init__(self, table: Path, identity: Mapping[str, str], *, resume: bool) -> None:
        """Open the journal of a table; without `resume` there must be none yet.

        With `resume` and without a journal, it is begun. Raises ConfigError if it is another run's,
        or cannot be written.
        """
        self.path = table.with_name(f".{table.name}.unfinished")
        self.summary, self.created = Summary(), datetime.now(UTC)
        self._table, self._identity = table, dict(identity)
        try:
            self._file = self._open(resume=resume)
        except OSError as error:
            raise ConfigError(
                f"{table} cannot be written ({self.path}: {error.strerror})"
            ) from error

    def append(self, results: Sequence[AlertResult], summary: Summary) -> None:
        """Add the results of a batch. Raises ConfigError if they cannot be written."""
        rows = [[getattr(one, name) for name in _FIELDS] for one in results]
        try:
            _append(self._file, {"summary": asdict(summary), "results": rows})
        except OSError as error:
            raise ConfigError(
                f"{self.path} cannot be written: {error.strerror}. The results before are kept:"
                " --resume goes on with the others"
            ) from error
        self.summary = summary

    def results(self) -> Iterator[AlertResult]:
        """Yield every result, in order."""
        with self.path.open("rb") as file:
            file.readline()
            for line in file:
                yield from map(_result, json.loads(line)["results"])

    def close(self) -> None:
        """Close the file; it stays."""
        # Where the disk is full, a part of the last line is missing; it is cut off later.
        with suppress(OSError):
            self._file.close()

    def delete(self) -> None:
        """Close and delete the file."""
        self.close()
        self.path.unlink()

    def _open(self, *, resume: bool) -> BinaryIO:
        if self.path.exists() and not resume:
            raise ConfigError(
                f"{self._table} is not finished: go on with --resume, or delete {self.path} to"
                " start again"
            )
        # Closed by `close` or `delete`.
        file = self.path.open("a+b")
        try:
            self._begin_or_resume(file)
        except BaseException:
            file.close()
            raise
        return file

    def _begin_or_resume(self, file: BinaryIO) -> None:
        lock_while_writing(file, self._table)
        file.seek(0)
        if header := next(_complete_lines(file), None):
            self._read_header(header)
        else:
            file.truncate(0)
            _append(file, {"identity": self._identity, "created": times.format_iso(self.created)})
        file.truncate(self._read_batches(file))

    def _read_header(self, line: bytes) -> None:
        """Read the first line. Raises ConfigError if it is another run's."""
        try:
            header = json.loads(line)
            before, self.created = dict(header["identity"]), times.parse_iso(header["created"])
        except _DAMAGE as error:
            raise ConfigError(
                f"{self.path} is damaged: delete it, and {self._table} is begun again"
            ) from error
        names = self._identity.keys() | before.keys()
        others = sorted(name for name in names if self._identity.get(name) != before.get(name))
        if others:
            raise ConfigError(
                f"{self._table} cannot be resumed, because {' and '.join(others)} changed: give"
                f" what was given before, or delete {self.path} to start again"
            )

    def _read_batches(self, file: BinaryIO) -> int:
        """Read the summary of the last complete batch; return where that ends, in bytes."""
        end = file.tell()
        for line in _complete_lines(file):
            try:
                batch = json.loads(line)
                list(map(_result, batch["results"]))
                summary = Summary(**batch["summary"])
            except _DAMAGE:
                break
            self.summary, end = summary, file.tell()
        return end


def _append(file: BinaryIO, line: Mapping[str, Any]) -> None:
    file.write(json.dumps(line).encode() + b"\n")
    file.flush()


def _complete_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines up to the first whose end a killed process has not written."""
    # `readline` keeps `tell` at the end of the line, which iterating over a file does not.
    return takewhile(lambda line: line.endswith(b"\n"), iter(file.readline, b""))


def _result(row: Sequence[Any]) -> AlertResult:
    values = dict(zip(_FIELDS, row, strict=True))
    return AlertResult(**values | {"outcome": OutcomeKind(values["outcome"])})

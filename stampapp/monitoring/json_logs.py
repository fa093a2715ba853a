"""Log records, and everything else that the process prints, as one JSON object per line."""

from __future__ import annotations

import io
import logging
import sys
import threading
import time
import traceback
from types import TracebackType
from typing import Any, TextIO

from pythonjsonlogger.json import JsonFormatter

_LONGEST_LINE = 2**16


class JsonLineFormatter(JsonFormatter):
    """Formats a record as time, level, logger, message, process and the fields of `extra`."""

    # ISO 8601 in UTC, to the millisecond.
    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03d+00:00"

    def __init__(self) -> None:
        super().__init__(
            ["asctime", "levelname", "name", "message", "process"],
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            json_default=str,
            json_ensure_ascii=False,
        )

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Add the type, message and stack of an error as the field `error`."""
        message_dict.pop("exc_info", None)
        super().add_fields(log_data, record, message_dict)
        if record.exc_info and record.exc_info[1]:
            log_data["error"] = _error(record.exc_info[1])


class JsonStream(io.TextIOBase):
    """A stdout or stderr that turns each printed text into a line of JSON."""

    def __init__(self, real: TextIO, name: str) -> None:
        self._real, self._name = real, name
        self._buffer = ""
        self._lock = threading.Lock()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # read-only here
        """The encoding of the wrapped stream."""
        return self._real.encoding

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._real.fileno()

    def write(self, text: str) -> int:
        """Buffer an unfinished line, and write finished ones."""
        with self._lock:
            self._buffer += text
            if self._buffer.endswith("\n") or len(self._buffer) > _LONGEST_LINE:
                whole, self._buffer = self._buffer.strip(), ""
                if whole:
                    self._real.write(format_line(whole, name=self._name) + "\n")
        return len(text)

    def flush(self) -> None:
        self._real.flush()


def format_line(message: str, *, name: str, level: int = logging.INFO) -> str:
    """Format a message that did not come from a logger."""
    record = logging.LogRecord(name, level, "", 0, "%s", (message,), None)
    return JsonLineFormatter().format(record)


def capture_output() -> None:
    """From now on, write prints, warnings and uncaught errors of this process as JSON."""
    logging.captureWarnings(True)
    sys.stdout = JsonStream(_original(sys.stdout), "stdout")
    sys.stderr = JsonStream(_original(sys.stderr), "stderr")
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _original(stream: Any) -> TextIO:
    return stream._real if isinstance(stream, JsonStream) else stream


def original_stderr() -> TextIO:
    """Return the stderr beneath JsonStream, for lines that are JSON already."""
    return _original(sys.stderr)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("stampapp").critical("Uncaught: %r", error, exc_info=(kind, error, trace))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value:
        _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _error(error: BaseException) -> dict[str, str]:
    return {
        "type": type(error).__name__,
        "message": str(error),
        "stack": "".join(traceback.format_exception(error)),
    }

"""Log records as JSON, one object a line, for programs that collect logs.

Whatever is printed meanwhile by whomever becomes such a line, too.
"""

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
    """Formats a record as an object: time, level, logger, message, process, and its `extra`."""

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
        """Give an error its type and message besides its stack."""
        message_dict.pop("exc_info", None)
        super().add_fields(log_data, record, message_dict)
        if record.exc_info and record.exc_info[1]:
            log_data["error"] = _error(record.exc_info[1])


class JsonStream(io.TextIOBase):
    """A stdout or stderr that makes a line of JSON of what is printed in one go."""

    def __init__(self, real: TextIO, name: str) -> None:
        self._real, self._name = real, name
        self._buffer = ""
        self._lock = threading.Lock()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # the base says it can be changed
        """The encoding of what it stands for."""
        return self._real.encoding

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._real.fileno()

    def write(self, text: str) -> int:
        """Hold what has no end yet, and tell the rest."""
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
    """Return a message that did not come from a logger as a line like the others."""
    record = logging.LogRecord(name, level, "", 0, "%s", (message,), None)
    return JsonLineFormatter().format(record)


def capture_output() -> None:
    """Make JSON of everything that this process prints, warns of or fails with from now on."""
    logging.captureWarnings(True)
    sys.stdout = JsonStream(_original(sys.stdout), "stdout")
    sys.stderr = JsonStream(_original(sys.stderr), "stderr")
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _original(stream: Any) -> TextIO:
    return stream._real if isinstance(stream, JsonStream) else stream


def original_stderr() -> TextIO:
    """Return the stream that lines of JSON may be written to as they are."""
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

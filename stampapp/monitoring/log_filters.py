"""Rate-limit, shorten and redact log records."""

from __future__ import annotations

import logging
import math
import sys
import time

from aiokafka.protocol.admin import SaslAuthenticateRequest

from stampapp.errors import StampError
from stampapp.monitoring.json_logs import JsonLineFormatter, format_line, original_stderr

_CLIENTS = ("aiokafka", "faust", "mode")
# Logged for every connection, but it holds for all of them.
_LOGGED_ONCE = frozenset({"Sending username and password in the clear"})


class LibraryLogFilter(logging.Filter):
    """Drops what Faust, mode and aiokafka log below WARNING: the log of a worker is stampapp's."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to log the record."""
        # mode logs the start and stop of a service under the name of the service's own module.
        foreign = record.name.startswith(_CLIENTS) or str(record.msg).startswith("[^")
        return record.levelno >= logging.WARNING or not foreign


class FloodFilter(logging.Filter):
    """Passes each warning of a Kafka client at most once in `interval` seconds."""

    def __init__(self, interval: float = 30.0) -> None:
        super().__init__()
        self._interval = interval
        self._last: dict[tuple[str, object], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to log the record."""
        if not record.name.startswith(_CLIENTS) or record.levelno < logging.WARNING:
            return True
        wording, now = (record.name, record.msg), time.monotonic()
        interval = math.inf if record.msg in _LOGGED_ONCE else self._interval
        if wording in self._last and now - self._last[wording] < interval:
            return False
        if len(self._last) > 1000:
            self._last.clear()
        self._last[wording] = now
        return True


class StackTraceFilter(logging.Filter):
    """Removes the stack trace from stampapp's own errors: their message says what to do."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Remove the stack trace of a StampError; log every record."""
        if record.exc_info and isinstance(record.exc_info[1], StampError):
            record.exc_info = None
            record.exc_text = None
        return True


class CredentialFilter(logging.Filter):
    """Removes SASL requests, which hold passwords, from aiokafka's DEBUG records."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace a SASL request by the name of its type; log every record."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                type(one).__name__ if _confidential(one) else one for one in record.args
            )
        return True


def _confidential(value: object) -> bool:
    # The API key identifies a request or response in every version.
    return bool(getattr(value, "API_KEY", None) == SaslAuthenticateRequest.API_KEY)


def install_filters(
    root: logging.Logger, *, as_json: bool = False, library_logs: bool = True
) -> None:
    """Add the filters to every handler of the root logger; with `as_json`, set the format too.

    Without `library_logs` the handlers drop what the libraries log below WARNING.
    """
    for handler in root.handlers:
        if not library_logs:
            handler.addFilter(LibraryLogFilter())
        # A filter per handler: FloodFilter remembers what its handler has logged.
        handler.addFilter(FloodFilter())
        handler.addFilter(StackTraceFilter())
        handler.addFilter(CredentialFilter())
        if as_json:
            handler.setFormatter(JsonLineFormatter())
            if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr:
                handler.setStream(original_stderr())


def print_final_message(text: str, *, as_json: bool) -> None:
    """Print why the process ends to stderr, without the loggers: they may be shut down."""
    final = format_line(text, name="stampapp", level=logging.CRITICAL) if as_json else text
    print(final, file=original_stderr(), flush=True)

"""Keeps the log readable: no floods from Kafka clients, no stack trace that says nothing."""

from __future__ import annotations

import logging
import math
import sys
import time

from aiokafka.protocol.admin import SaslAuthenticateRequest

from stampapp.errors import StampError
from stampapp.monitoring.json_logs import JsonLineFormatter, format_line, original_stderr

_CLIENTS = ("aiokafka", "faust", "mode")
# Said of every connection, and no less true of the next.
_LOGGED_ONCE = frozenset({"Sending username and password in the clear"})


class FloodFilter(logging.Filter):
    """Lets a message of a Kafka client through once in `interval` seconds per wording."""

    def __init__(self, interval: float = 30.0) -> None:
        super().__init__()
        self._interval = interval
        self._last: dict[tuple[str, object], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is to be logged."""
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
    """Tells our own errors in a line: their message says what to do, a stack trace does not."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Take the stack trace from errors that stampapp raises on purpose."""
        if record.exc_info and isinstance(record.exc_info[1], StampError):
            record.exc_info = None
            record.exc_text = None
        return True


class CredentialFilter(logging.Filter):
    """Keeps credentials out of what aiokafka shows at DEBUG: its requests hold passwords."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Put the name of a request in the place of what it holds."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                type(one).__name__ if _confidential(one) else one for one in record.args
            )
        return True


def _confidential(value: object) -> bool:
    # Requests and responses carry the number of their API, whatever their version.
    return bool(getattr(value, "API_KEY", None) == SaslAuthenticateRequest.API_KEY)


def install_filters(root: logging.Logger, *, as_json: bool = False) -> None:
    """Put the filters before every handler of the root logger; with `as_json`, their format too."""
    for handler in root.handlers:
        # To each its own: what one handler has told would be a repetition for the next.
        handler.addFilter(FloodFilter())
        handler.addFilter(StackTraceFilter())
        handler.addFilter(CredentialFilter())
        if as_json:
            handler.setFormatter(JsonLineFormatter())
            if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr:
                handler.setStream(original_stderr())


def print_final_message(text: str, *, as_json: bool) -> None:
    """Say why the process ends, on stderr, whatever has become of the loggers."""
    told = format_line(text, name="stampapp", level=logging.CRITICAL) if as_json else text
    print(told, file=original_stderr(), flush=True)

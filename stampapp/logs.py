"""Keeps the log readable: a client that repeats itself is heard once in a while."""

from __future__ import annotations

import logging
import time

_CLIENTS = ("aiokafka", "faust", "mode")


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
        if now - self._last.get(wording, -self._interval) < self._interval:
            return False
        if len(self._last) > 1000:
            self._last.clear()
        self._last[wording] = now
        return True


def limit_floods(root: logging.Logger) -> None:
    """Put the filter before every handler of the root logger."""
    flood = FloodFilter()
    for handler in root.handlers:
        handler.addFilter(flood)

"""Exceptions, by who must act: on the message, the settings or the clusters."""

from __future__ import annotations

MAX_MESSAGE_BYTES = 1000


class StampError(Exception):
    """Base class of all errors that stampapp raises itself."""


class BadAlert(StampError):  # noqa: N818  # the field's word for it
    """A message that cannot be classified; the worker publishes it as a dead letter.

    `cause` is one of stampapp.deadletters.causes, for filters and metrics; the text is for people.
    """

    def __init__(self, cause: str, message: str) -> None:
        # The text may quote the Kafka message, but must be valid UTF-8 and fit into a header.
        text = message.encode("utf-8", "backslashreplace")[:MAX_MESSAGE_BYTES]
        super().__init__(text.decode("utf-8", "ignore"))
        self.cause = cause

    def without_traceback(self) -> BadAlert:
        """Return a copy without its traceback, which would keep the whole batch alive."""
        # The frames of the decoding thread form reference cycles with the alerts of the batch:
        # gigabytes until Python's cyclic garbage collector runs, which is seldom.
        return BadAlert(self.cause, str(self))


class ConfigError(StampError):
    """A setting, file or resource is wrong: the program cannot start."""


class DeliveryError(StampError):
    """A message could not be delivered to its cluster: the worker stops without committing."""


class SchemaError(StampError):
    """A registry has not given a schema: the worker stops without committing."""

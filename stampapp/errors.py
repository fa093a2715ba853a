"""What can go wrong, divided by who has to act on it."""

from __future__ import annotations

MAX_MESSAGE_BYTES = 1000


class StampError(Exception):
    """Root of every error that stampapp raises on purpose."""


class BadAlert(StampError):  # noqa: N818  # the field's word for it
    """One message that cannot be classified: it goes to the dead-letter topic.

    Its `cause` is a short, stable word for filters and metrics; the message is for a person.
    """

    def __init__(self, cause: str, message: str) -> None:
        # Part of it may come from the message itself: it must fit a header, and UTF-8.
        text = message.encode("utf-8", "backslashreplace")[:MAX_MESSAGE_BYTES]
        super().__init__(text.decode("utf-8", "ignore"))
        self.cause = cause

    def without_traceback(self) -> BadAlert:
        """Return the same without its past, for keeping.

        A traceback holds the frames of the thread that decodes, and these hold, in a circle, every
        alert of the batch: gigabytes until Python looks for such circles, which it seldom does.
        """
        return BadAlert(self.cause, str(self))


class ConfigError(StampError):
    """A setting, file or resource is wrong: the program must not start."""


class DeliveryError(StampError):
    """A message could not be handed to its cluster: stop, and do not acknowledge."""

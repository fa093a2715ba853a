"""What can go wrong, divided by who has to act on it."""

from __future__ import annotations


class StampError(Exception):
    """Root of every error that stampapp raises on purpose."""


class BadAlert(StampError):  # noqa: N818  # the field's word for it
    """One message that cannot be classified: it goes to the dead-letter topic.

    Its `cause` is a short, stable word for filters and metrics; the message is for a person.
    """

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


class ConfigError(StampError):
    """A setting, file or resource is wrong: the program must not start."""


class DeliveryError(StampError):
    """A message could not be handed to its cluster: stop, and do not acknowledge."""

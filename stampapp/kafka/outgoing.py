"""Messages on their way out, and what it means that a topic refuses one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import errors as kafka

from stampapp.kafka.cluster import Cluster
from stampapp.kafka.connection_errors import describe_user
from stampapp.kafka.message import Headers

# To repeat these would give the same answer.
FATAL_ERRORS = (
    kafka.MessageSizeTooLargeError,
    kafka.RecordListTooLargeError,
    kafka.InvalidTimestampError,
    kafka.TopicAuthorizationFailedError,
    kafka.ClusterAuthorizationFailedError,
    kafka.InvalidTopicError,
    kafka.UnsupportedVersionError,
    kafka.UnsupportedForMessageFormatError,
)
# Those of them that are a single letter's fault; the others of its batch suffer with it.
_TOO_LARGE = (kafka.MessageSizeTooLargeError, kafka.RecordListTooLargeError)
PER_MESSAGE_ERRORS = (*_TOO_LARGE, kafka.InvalidTimestampError)
_FORBIDDEN = (kafka.TopicAuthorizationFailedError, kafka.ClusterAuthorizationFailedError)


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingMessage:
    """A message on its way out. `timestamp` in ms since 1970 (None: now).

    Without a `partition` the key decides. `fallback` is what is sent where the topic refuses this
    one as too large, or for its timestamp; it may have one itself.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp: int | None = None
    partition: int | None = None
    fallback: OutgoingMessage | None = None


def describe_messages(letters: Sequence[OutgoingMessage]) -> str:
    """Return how messages to people name some letters."""
    what = "1 message" if len(letters) == 1 else f"{len(letters)} messages"
    return f"{what} for {', '.join(sorted({one.topic for one in letters}))}"


def suggest_remedy(
    error: BaseException, letters: Sequence[OutgoingMessage], cluster: Cluster
) -> str:
    """Return what to do about letters that are refused for good; nothing where that is open."""
    if isinstance(error, _FORBIDDEN):
        return f"; have WRITE granted to {describe_user(cluster)}"
    if isinstance(error, _TOO_LARGE):
        largest = max(letters, key=message_size)
        return (
            f"; have max.message.bytes of the topic raised: {largest.topic} is to take a message of"
            f" {message_size(largest)} B and some more"
        )
    if isinstance(error, kafka.InvalidTimestampError):
        return "; see message.timestamp.before.max.ms and .after.max.ms of the topic"
    return ""


def message_size(letter: OutgoingMessage) -> int:
    """Return how many bytes a letter has, without what Kafka adds."""
    headers = sum(len(name.encode()) + len(value or b"") for name, value in letter.headers)
    return len(letter.key or b"") + len(letter.value or b"") + headers

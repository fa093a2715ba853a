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
# Those of them that are a single message's fault; the others of its batch suffer with it.
_SIZE_ERRORS = (kafka.MessageSizeTooLargeError, kafka.RecordListTooLargeError)
PER_MESSAGE_ERRORS = (*_SIZE_ERRORS, kafka.InvalidTimestampError)
_PERMISSION_ERRORS = (kafka.TopicAuthorizationFailedError, kafka.ClusterAuthorizationFailedError)


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


def describe_messages(messages: Sequence[OutgoingMessage]) -> str:
    """Return how messages to people name some messages."""
    what = "1 message" if len(messages) == 1 else f"{len(messages)} messages"
    return f"{what} for {', '.join(sorted({one.topic for one in messages}))}"


def suggest_remedy(
    error: BaseException, messages: Sequence[OutgoingMessage], cluster: Cluster
) -> str:
    """Return what to do about messages that are refused for good; nothing where that is open."""
    if isinstance(error, _PERMISSION_ERRORS):
        return f"; have WRITE granted to {describe_user(cluster)}"
    if isinstance(error, _SIZE_ERRORS):
        largest = max(messages, key=message_size)
        return (
            f"; have max.message.bytes of the topic raised: {largest.topic} is to take a message of"
            f" {message_size(largest)} B and some more"
        )
    if isinstance(error, kafka.InvalidTimestampError):
        return "; see message.timestamp.before.max.ms and .after.max.ms of the topic"
    return ""


def message_size(message: OutgoingMessage) -> int:
    """Return how many bytes a message has, without what Kafka adds."""
    headers = sum(len(name.encode()) + len(value or b"") for name, value in message.headers)
    return len(message.key or b"") + len(message.value or b"") + headers

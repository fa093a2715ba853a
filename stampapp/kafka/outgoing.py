"""An outgoing message, and which errors of a broker are final."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import errors as kafka

from stampapp.kafka.cluster import Cluster
from stampapp.kafka.connection_errors import describe_user
from stampapp.kafka.message import Headers

# A retry would give the same error.
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
# Those that a single message causes; the broker then refuses all of its batch.
_SIZE_ERRORS = (kafka.MessageSizeTooLargeError, kafka.RecordListTooLargeError)
PER_MESSAGE_ERRORS = (*_SIZE_ERRORS, kafka.InvalidTimestampError)
_PERMISSION_ERRORS = (kafka.TopicAuthorizationFailedError, kafka.ClusterAuthorizationFailedError)


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingMessage:
    """A message to publish. `timestamp` in ms since 1970 (None: now).

    Without a `partition` the key decides. `fallback` is sent if the topic refuses this message for
    its size or timestamp; it may have a fallback itself.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp: int | None = None
    partition: int | None = None
    fallback: OutgoingMessage | None = None


def describe_messages(messages: Sequence[OutgoingMessage]) -> str:
    """Return the number of messages and their topics, for messages to people."""
    what = "1 message" if len(messages) == 1 else f"{len(messages)} messages"
    return f"{what} for {', '.join(sorted({one.topic for one in messages}))}"


def suggest_remedy(
    error: BaseException, messages: Sequence[OutgoingMessage], cluster: Cluster
) -> str:
    """Return what to do about messages that were refused for good, or an empty string."""
    if isinstance(error, _PERMISSION_ERRORS):
        return f"; grant WRITE to {describe_user(cluster)}"
    if isinstance(error, _SIZE_ERRORS):
        largest = max(messages, key=message_size)
        return (
            f"; raise max.message.bytes of the topic {largest.topic}: a message has"
            f" {message_size(largest)} B without Kafka's overhead"
        )
    if isinstance(error, kafka.InvalidTimestampError):
        return "; check message.timestamp.before.max.ms and .after.max.ms of the topic"
    return ""


def message_size(message: OutgoingMessage) -> int:
    """Return the size of a message in bytes, without Kafka's overhead."""
    headers = sum(len(name.encode()) + len(value or b"") for name, value in message.headers)
    return len(message.key or b"") + len(message.value or b"") + headers

"""Explain why the consumer failed, and how to get past it."""

from __future__ import annotations

import gzip
import traceback

import cramjam
from aiokafka import errors as kafka

from stampapp.config.settings import Settings
from stampapp.errors import StampError
from stampapp.kafka.connection_errors import describe_cluster
from stampapp.kafka.metadata_v8 import Operation
from stampapp.preflight.required_access import describe_denied_group, describe_denied_topics

# A wrong checksum, or content that is not what the checksum or the codec of the batch says.
_BATCH_ERRORS = (
    kafka.CorruptRecordException,
    cramjam.DecompressionError,
    gzip.BadGzipFile,
)
_GROUP_REMEDIES: dict[type[BaseException], str] = {
    kafka.InconsistentGroupProtocolError: (
        "a member of it is no stampapp worker: stop that one, or set another CONSUMER_GROUP_ID"
    ),
    kafka.InvalidGroupIdError: "set another CONSUMER_GROUP_ID",
    kafka.InvalidSessionTimeoutError: (
        "set a CONSUMER_SESSION_TIMEOUT that its group.min.session.timeout.ms and"
        " group.max.session.timeout.ms allow"
    ),
}
_OTHER_REMEDY = (
    "start the worker again; if it fails again, see the log of the broker, and whether the group"
    " has as many members as its group.max.size allows"
)


def explain_failure(settings: Settings, error: BaseException) -> BaseException:
    """Return an error that says what to do about what has stopped the consumer, if it is known."""
    return explain_unreadable_message(settings, explain_lost_permission(settings, error))


def explain_unreadable_message(settings: Settings, error: BaseException) -> BaseException:
    """Return an error that says how to skip a message that the Kafka client cannot read.

    Any other error is returned unchanged.
    """
    # aiokafka reads batches and header names itself and does not say which message failed. The
    # message never reaches the pipeline, so it cannot become a dead letter either.
    if isinstance(error, UnicodeDecodeError) and _raised_by_client(error):
        problem = "has a header whose name is not UTF-8"
    elif isinstance(error, _BATCH_ERRORS):
        problem = f"is in a damaged batch ({error!r})"
    else:
        return error
    return StampError(
        f"a message on {', '.join(settings.consumer_topics.entries)} {problem};"
        " no worker can read it. Find the partition whose lag no longer falls (`faust -A stampapp"
        " topics`); the message is at or after its committed offset. Then move the offset of the"
        f" group {settings.group_id} past the message (kafka-consumer-groups.sh --reset-offsets)"
    )


def _raised_by_client(error: BaseException) -> bool:
    frames = traceback.walk_tb(error.__traceback__)
    return any(str(frame.f_globals.get("__name__")).startswith("aiokafka.") for frame, _ in frames)


def explain_lost_permission(settings: Settings, error: BaseException) -> BaseException:
    """Return an error that names the permission the consumer has lost.

    Any other error is returned unchanged.
    """
    cluster = settings.consumer
    if isinstance(error, kafka.GroupAuthorizationFailedError):
        return StampError(describe_denied_group(cluster, settings.group_id))
    if isinstance(error, kafka.TopicAuthorizationFailedError):
        topics = settings.consumer_topics.entries
        return StampError(
            describe_denied_topics(cluster, "CONSUMER_TOPICS", Operation.READ, topics)
        )
    return error


def explain_group_failure(settings: Settings, error: BaseException) -> BaseException:
    """Return an error that says why the worker cannot be a member of its group, and what to do."""
    explained = explain_lost_permission(settings, error)
    if explained is not error:
        return explained
    remedy = _GROUP_REMEDIES.get(type(error), _OTHER_REMEDY)
    cluster = describe_cluster(settings.consumer)
    return StampError(
        f"{cluster} does not keep the worker in the group {settings.group_id}: {error}; {remedy}"
    )

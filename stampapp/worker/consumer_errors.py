"""Explain why the consumer failed, and how to get past it."""

from __future__ import annotations

import gzip
import traceback

import cramjam
from aiokafka import errors as kafka

from stampapp.config.settings import Settings
from stampapp.errors import StampError
from stampapp.kafka.metadata_v8 import Operation
from stampapp.preflight.required_access import describe_denied_group, describe_denied_topics

# A wrong checksum, or content that is not what the checksum or the codec of the batch says.
_BATCH_ERRORS = (
    kafka.CorruptRecordException,
    cramjam.DecompressionError,
    gzip.BadGzipFile,
)


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
